"""Every knob of DOPLATFORM is a variable of the environment too, read as its type asks."""

import runpy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from actions import conf
from doplatform import settings as project

SAID: dict[Any, tuple[str, Any]] = {
    bool: ("True", True),
    int: ("7", 7),
    float: ("7.5", 7.5),
    str: ("shop.privacy", "shop.privacy"),
    tuple[str, ...]: ("a, b,", ["a", "b"]),
}
"""By the type of a knob: a text, and what it means."""


def read() -> dict[str, Any]:
    """DOPLATFORM as the environment makes it."""
    found: dict[str, Any] = runpy.run_path(str(project.__file__))["DOPLATFORM"]
    return found


def variable_of(name: str) -> str:
    return {"SECRET_KEYS": "SECRET_FIELD_KEYS"}.get(name, name)


def test_nothing_is_said_of_what_the_environment_does_not_name():
    assert read() == {}


def test_every_knob_is_read(monkeypatch: pytest.MonkeyPatch):
    for knob in fields(conf.Settings):
        monkeypatch.setenv(variable_of(knob.name), SAID[knob.type][0])
    assert read() == {knob.name: SAID[knob.type][1] for knob in fields(conf.Settings)}


def test_a_file_holds_a_knob(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    kept = tmp_path / "key"
    kept.write_text("k-1\n")
    monkeypatch.setenv("SEAL_KEY_FILE", str(kept))
    assert read() == {"SEAL_KEY": "k-1"}
    monkeypatch.setenv("SEAL_KEY", "k-2")
    with pytest.raises(ImproperlyConfigured, match="SEAL_KEY and SEAL_KEY_FILE are both set"):
        read()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HIDE_PAYLOADS", "yes"), ("RETENTION_DAYS", "7.5"), ("RETENTION_DAYS", ""), ("LEASE", "nan"), ("LEASE", "-1"),
        ("KEY_RATE", "1e3"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_its_type_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str):
    monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured, match=name):
        read()


def test_what_is_too_small_is_told_by_the_check(monkeypatch: pytest.MonkeyPatch, settings: Any):
    monkeypatch.setenv("RETENTION_DAYS", "0")
    settings.DOPLATFORM = read()
    assert "doplatform.E006" in {message.id for message in run_checks(tags=["doplatform"])}
