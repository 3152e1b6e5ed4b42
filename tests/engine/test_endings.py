"""Endings are told once per transaction, by whatever ends an execution, after its commit; with Redis or without."""

import threading
import time
from typing import Any

import pytest
from django.db import transaction

from actions import Actor
from actions.engine import dispatch, endings, ledger
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.rescue import rescue
from tests.app import actions as app
from tests.stage import PATIENCE, compose, crew, declare, engine, key_of, short_lease, step_of, tree, value, worker

__all__ = ["compose", "crew", "declare", "engine", "short_lease", "worker"]
ME = Actor("system", "test", "test")


@pytest.fixture
def told(engine: None, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What was published, one set of ids for each message."""
    heard: list[set[str]] = []
    monkeypatch.setattr(dispatch, "publish", lambda text: heard.append(set(text.split())))
    return heard


def of(*handles: Any) -> set[str]:
    return {key_of(handle).hex for handle in handles}


def test_a_group_is_told_at_once(told: list[set[str]], worker: Any):
    """One message for all that one transaction settled"""
    handles = [app.noop.invoke() for _ in range(10)]
    worker.settle(worker.claim())
    assert told == [of(*handles)]


def test_what_goes_on_is_not_told(told: list[set[str]], worker: Any):
    handle = app.fail.invoke(times=1)
    worker.work()
    assert told == [of(handle)]  # at its end, not after the try that failed


def test_every_verb_tells(told: list[set[str]], worker: Any):
    """Cancel, force stop, resolve; in doubt is an end for whoever waits"""
    one, other = app.noop.invoke(), app.external.invoke()
    cancel(one.id, actor=ME)
    worker.claim()
    cancel(other.id, actor=ME, force=True)
    resolve(other.id, answer=Answer.GIVE_UP, actor=ME)
    assert told == [of(one), of(other), of(other)]


def test_rescue_tells(told: list[set[str]], crew: Any, short_lease: float):
    handle = app.external.invoke()
    lost = crew()
    lost.claim()
    lost.crash()
    lost.freeze()
    rescue()
    assert value("SELECT status FROM actions_execution WHERE id = %s", key_of(handle)) == "in_doubt"
    assert told == [of(handle)]


def test_steps_are_told_too(told: list[set[str]], compose: Any, worker: Any):
    """Skipped and cancelled ones with what ended them, in one message"""

    @compose("endings-flow")
    def act() -> Any:
        first = app.give_up.start(step="first")
        app.noop.start(after=[first], step="second")
        return first

    handle = act.invoke()
    worker.work()
    assert tree(handle) == {"first": "failed", "second": "skipped"}
    steps = of(step_of(handle, "first"), step_of(handle, "second"))
    assert steps in told
    assert of(handle) <= told[-1]


def test_a_rollback_tells_nothing(told: list[set[str]]):
    handle = app.noop.invoke()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(handle.id, actor=ME)
        raise ZeroDivisionError
    assert told == []
    with transaction.atomic():
        cancel(handle.id, actor=ME)
        ledger.record("access.denied", actor=ME)
        assert told == []
    assert told == [of(handle)]


def waits(ids: list[str], seconds: float = PATIENCE) -> tuple[list[threading.Thread], list[float]]:
    """Threads that wait, and when each was told (monotonic)."""
    at: list[float] = []

    def one(id_: str) -> None:
        if endings.wait(id_, seconds):
            at.append(time.monotonic())

    threads = [threading.Thread(target=one, args=(id_,)) for id_ in ids]
    for thread in threads:
        thread.start()
    return threads, at


@pytest.fixture
def hub() -> Any:
    endings.reset()
    yield endings
    endings.reset()


def test_waiters_are_told_by_redis(engine: None, hub: Any, worker: Any, monkeypatch: pytest.MonkeyPatch):
    """Within milliseconds, although the table is looked at only once a minute here"""
    monkeypatch.setattr(endings, "_SURE", 60.0)
    handles = [app.noop.invoke() for _ in range(5)]
    threads, at = waits([handle.id for handle in handles for _ in range(3)])
    while len(hub._hub._waiters) < 5:
        time.sleep(0.001)
    time.sleep(0.3)  # the subscription stands
    begun = time.monotonic()
    worker.work()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(at) == 15
    assert max(at) - begun < 2
    assert hub._hub._waiters == {}


def test_waiters_without_redis(engine: None, hub: Any, worker: Any, monkeypatch: pytest.MonkeyPatch):
    """One statement for all of them, ten times a second"""
    monkeypatch.setattr(dispatch, "listen", lambda: None)
    monkeypatch.setattr(dispatch, "publish", lambda text: None)
    looks: list[int] = []
    original = endings._Hub._look

    def look(self: Any) -> None:
        looks.append(len(self._waiters))
        original(self)

    monkeypatch.setattr(endings._Hub, "_look", look)
    handles = [app.noop.invoke() for _ in range(30)]
    threads, at = waits([handle.id for handle in handles])
    while len(hub._hub._waiters) < 30:
        time.sleep(0.001)
    del looks[:]
    time.sleep(0.55)
    assert 2 <= len(looks) <= 8
    assert set(looks) == {30}
    worker.work()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(at) == 30


def test_a_message_that_was_lost(engine: None, hub: Any, worker: Any, monkeypatch: pytest.MonkeyPatch):
    """Redis heard nothing of it: the table is looked at all the same, once a second"""
    monkeypatch.setattr(dispatch, "publish", lambda text: None)
    handle = app.noop.invoke()
    threads, at = waits([handle.id])
    time.sleep(0.3)
    worker.work()
    begun = time.monotonic()
    threads[0].join(PATIENCE)
    assert at
    assert at[0] - begun < 3


class Cut:
    """A subscription that Redis ends at once."""

    def hear(self, seconds: float) -> str | None:
        return None

    def close(self) -> None:
        pass


def test_a_redis_that_cuts_every_subscription(engine: None, hub: Any, worker: Any, monkeypatch: pytest.MonkeyPatch):
    """It is not asked all the time, and those who wait are told by statements meanwhile"""
    listened: list[float] = []
    monkeypatch.setattr(dispatch, "publish", lambda text: None)
    monkeypatch.setattr(dispatch, "listen", lambda: (listened.append(time.monotonic()), Cut())[1])
    handle = app.noop.invoke()
    threads, at = waits([handle.id])
    while len(listened) < 3:
        time.sleep(0.01)
    assert listened[2] - listened[0] > 0.5
    begun = time.monotonic()
    worker.work()
    threads[0].join(PATIENCE)
    assert at
    assert at[0] - begun < 1


def test_the_rest_after_a_cut_grows_to_a_bound_and_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    rests: list[float] = []
    monkeypatch.setattr(endings._Hub, "_look", lambda self: None)
    monkeypatch.setattr(endings._Hub, "_look_for", lambda self, seconds: rests.append(round(seconds, 1)))
    monkeypatch.setattr(dispatch, "listen", Cut)
    hub = endings._Hub()
    for _ in range(7):
        hub._listen()
    assert rests == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    monkeypatch.setattr(endings, "_STEADY", 0.0)
    hub._listen()
    assert len(rests) == 7  # it had stood for long: the first cut of a new kind is mended at once
    monkeypatch.undo()
    assert hub._cuts == 0


def test_what_has_ended_is_not_waited_for(engine: None, hub: Any, worker: Any):
    handle = app.noop.invoke()
    assert endings.wait(handle.id, 0.01) is False
    worker.work()
    assert endings.wait(handle.id, 0.0) is True
    assert endings.wait("exec_nonsense", 5) is False


def test_publishing_never_fails(engine: None, settings: Any):
    """250 ms at the most for a Redis that is away, and then nothing for a moment"""
    settings.REDIS_URL = "redis://127.0.0.1:1"
    settings.RQ_QUEUES = {"default": {"URL": settings.REDIS_URL}}
    dispatch.reset()
    begun = time.monotonic()
    dispatch.publish("x")
    dispatch.publish("x")
    assert time.monotonic() - begun < 0.4
    assert dispatch.listen() is None
    dispatch.reset()
