"""The stage's fixtures, and the workflows whose sides meet."""

from collections.abc import Callable
from typing import Any

import pytest

from actions import GiveUp, wait_for
from actions.engine import advance, rescue, settle
from actions.engine.operate import emit as emitting
from actions.engine.schedules import fire as firing
from actions.engine.workflows import record
from tests.races.interleaving import Place
from tests.stage import compose, crew, declare, engine, observer, short_lease, worker

__all__ = ["compose", "crew", "declare", "engine", "observer", "short_lease", "worker"]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Place]:
    """place("advance.locked"): the next one that passes this crash point stands there."""
    places: dict[str, Place] = {}

    def pass_by(name: str) -> None:
        if name in places:
            places[name].stand()

    for module in (advance, record, settle, rescue, emitting, firing):
        monkeypatch.setattr(module, "crash_point", pass_by)

    def made(name: str) -> Place:
        places[name] = Place()
        return places[name]

    return made


@pytest.fixture
def entered() -> list[Any]:
    """What handlers and functions were entered with, in order."""
    return []


@pytest.fixture
def note(declare: Any, entered: list[Any]) -> Any:
    """Does nothing but say that it was entered."""

    @declare("stage-note")
    def act(n: Any = 0) -> Any:
        entered.append(n)
        return n

    return act


@pytest.fixture
def moody(declare: Any, entered: list[Any]) -> Any:
    """Fails for good until its mood changes."""

    @declare("stage-moody")
    def act(n: int = 0) -> int:
        entered.append(("moody", n))
        if act.bad:
            raise GiveUp("bad mood")
        return n

    act.bad = True
    return act


@pytest.fixture
def fan_in(compose: Any, note: Any) -> Any:
    """Two beside each other, and one behind both."""

    @compose("stage-fan-in")
    def act() -> Any:
        left, right = note.start(n="left", step="left"), note.start(n="right", step="right")
        return note.start(n="last", after=[left, right], step="last")

    return act


PLACES = ("advance.locked", "advance.moved", "settle.updated")


@pytest.fixture
def waiting_for_step(compose: Any, note: Any, entered: list[Any]) -> Any:
    """Goes past an event, then waits for a step that was started before it; so both can be held at once."""

    @compose("stage-waits")
    def act() -> Any:
        future = note.start(n="step", step="step")
        wait_for("go")
        entered.append("function")
        act.looked.stand()
        return future.result()

    act.looked = Place()
    act.looked.reached.set()
    return act
