"""Whoever waits for an ending is told, whatever becomes of the thread that listens; and so with the one that wakes."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from actions.engine import dispatch, endings
from tests.app import actions as app
from tests.stage import PATIENCE, StageWorker, crew, engine, worker

__all__ = ["crew", "engine", "worker"]


@pytest.fixture(autouse=True)
def anew(engine: None) -> Iterator[None]:
    endings.reset()
    dispatch.reset()
    yield
    endings.reset()
    dispatch.reset()


def wait_for(id_: str) -> tuple[threading.Thread, list[bool]]:
    told: list[bool] = []

    def wait() -> None:
        try:
            told.append(endings.wait(id_, PATIENCE))
        finally:
            connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, told


def test_a_listener_that_breaks_leaves_the_waiters_to_the_table(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    broken = threading.Event()

    def listen() -> None:
        broken.set()
        raise ValueError("I/O operation on closed file")

    monkeypatch.setattr(dispatch, "listen", listen)
    handle = app.noop.invoke()
    thread, told = wait_for(handle.id)
    assert broken.wait(PATIENCE)
    worker.work()
    thread.join(PATIENCE)
    assert told == [True]


def test_a_look_that_breaks_ends_no_thread(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    looks: list[int] = []
    broken = threading.Event()
    look = endings._Hub._look

    def breaking(self: Any) -> None:
        looks.append(1)
        if len(looks) < 4:
            raise ValueError("I/O operation on closed file")
        broken.set()
        look(self)

    monkeypatch.setattr(dispatch, "listen", lambda: None)
    monkeypatch.setattr(endings._Hub, "_look", breaking)
    handle = app.noop.invoke()
    thread, told = wait_for(handle.id)
    assert broken.wait(PATIENCE)
    worker.work()
    thread.join(PATIENCE)
    assert told == [True]


def test_a_dead_thread_is_followed_by_another(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    """As in a process that was forked from one that listened."""
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    endings._hub._thread = dead
    listens = threading.Event()
    listen = dispatch.listen
    monkeypatch.setattr(dispatch, "listen", lambda: listens.set() or listen())
    handle = app.noop.invoke()
    thread, told = wait_for(handle.id)
    assert listens.wait(PATIENCE)
    worker.work()
    thread.join(PATIENCE)
    assert told == [True]


def test_a_wake_up_that_breaks_leaves_the_waker_at_work(monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, ...]] = []

    def wake(*queues: str) -> bool:
        asked.append(queues)
        if len(asked) == 1:
            raise ValueError("I/O operation on closed file")
        return True

    monkeypatch.setattr(dispatch, "wake", wake)
    for queue in ("first", "second"):
        dispatch._waker.add([queue])
        dispatch.flush(PATIENCE)
        assert dispatch._waker.idle
    assert asked == [("first",), ("second",)]
