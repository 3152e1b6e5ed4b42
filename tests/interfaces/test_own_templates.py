"""Templates and static files of the installation stand in front of ours."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.checks import run_checks

from doplatform import settings as project
from tests.interfaces.desk import desk
from tests.stage import engine

__all__ = ["desk", "engine"]


@pytest.fixture
def of_environment(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """The two settings as the environment makes them."""

    def read(**environment: Path) -> None:
        for name, folder in environment.items():
            monkeypatch.setenv(name, str(folder))
        read = runpy.run_path(str(project.__file__))
        settings.TEMPLATES = read["TEMPLATES"]
        settings.STATICFILES_DIRS = read["STATICFILES_DIRS"]

    return read


def test_a_folder_of_the_installation_goes_first(desk, tmp_path, of_environment):
    templates, static = tmp_path / "templates", tmp_path / "static"
    for folder in (templates / "console", static / "console"):
        folder.mkdir(parents=True)
    (templates / "console" / "_head_extra.html").write_text('<meta name="ours" content="{{ request.path }}">')
    (static / "console" / "tokens.css").write_text("/* ours */")
    (static / "mine.css").write_text("/* mine */")
    of_environment(TEMPLATE_DIRS=templates, STATIC_DIRS=static)
    page = desk.ada.get("/executions/").content.decode()
    assert '<meta name="ours" content="/executions/">' in page
    assert "<h1" in page
    assert [finders.find(name) for name in ("console/tokens.css", "mine.css")] == [
        str(static / "console" / "tokens.css"),
        str(static / "mine.css"),
    ]
    assert finders.find("console/layout.css").startswith(str(project.BASE_DIR))


def test_a_folder_that_is_not_there_is_an_error_at_start(tmp_path, of_environment):
    of_environment(TEMPLATE_DIRS=tmp_path / "no-templates", STATIC_DIRS=tmp_path / "no-static")
    found = [str(message) for message in run_checks(tags=["doplatform"]) if message.id == "doplatform.E023"]
    assert ["no-templates" in found[0], "no-static" in found[1], len(found)] == [True, True, 2]
    assert "TEMPLATE_DIRS" in found[0]
