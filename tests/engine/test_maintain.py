"""What maintain does while nobody asks: wake again, prune, and leave the lead to one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from redis import Redis
from rq import Queue
from structlog.testing import capture_logs

from actions import conf
from actions.engine import dispatch
from actions.engine.maintain import Chore, Maintain, prune, redispatch
from actions.engine.operate.pause import pause_action, pause_queue
from actions.engine.statements import raw
from tests.app import actions as app
from tests.stage import ALICE, Elsewhere, StageWorker, rows, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def wake_ups() -> Any:
    """How many wake-ups of the default queue are pending in the session's Redis."""
    redis = Redis.from_url(django_settings.REDIS_URL)
    dispatch.flush(5)
    redis.flushdb()

    def pending() -> int:
        dispatch.flush(5)
        return int(redis.llen(Queue("default", connection=redis).key))

    yield pending
    redis.close()


def test_an_accepted_execution_has_a_wake_up_and_many_have_no_more(worker: StageWorker, wake_ups: Any):
    assert wake_ups() == 0
    app.noop.invoke()
    dispatch.flush()
    assert wake_ups() == 1
    for _ in range(5):
        app.noop.invoke()
    dispatch.flush()
    assert wake_ups() <= 2


def test_a_burst_is_told_less_often_while_no_worker_takes_what_is_pending(worker: StageWorker, wake_ups: Any):
    short = dispatch._BREATH
    assert dispatch.wake("default")
    assert dispatch._waker.breath == short
    assert dispatch.wake("default")
    assert wake_ups() == 1
    assert dispatch._waker.breath == dispatch._LONG_BREATH
    Redis.from_url(django_settings.REDIS_URL).flushdb()
    assert dispatch.wake("default")
    assert dispatch._waker.breath == short


def test_a_queue_whose_wake_up_was_lost_is_woken_again(worker: StageWorker, wake_ups: Any):
    """I-08; mutant 5"""
    app.noop.invoke()
    dispatch.flush(5)
    Redis.from_url(django_settings.REDIS_URL).flushdb()
    assert wake_ups() == 0
    assert redispatch() == ["default"]
    assert wake_ups() == 1


def test_a_queue_with_nothing_due_is_left_asleep(worker: StageWorker, wake_ups: Any):
    app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    dispatch.flush(5)
    Redis.from_url(django_settings.REDIS_URL).flushdb()
    assert redispatch() == []
    rows("UPDATE actions_execution SET available_at = now()")
    pause_action("test-noop", actor=ALICE)
    assert redispatch() == []
    app.echo.invoke(value=1)
    pause_queue("default", actor=ALICE)
    assert redispatch() == []


def test_what_ended_long_ago_is_pruned_and_nothing_else(worker: StageWorker):
    """Section 3, rule 9: never pruned while it may still move"""
    old = app.noop.invoke_many([{}] * 3)
    doubtful = app.doubt.invoke()
    failed = app.give_up.invoke()
    worker.work()
    waiting = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    shift = "id = overlay(id::text placing '00000000-0000' from 1 for 13)::uuid"
    rows(
        "UPDATE actions_attempt SET execution_id = overlay(execution_id::text placing '00000000-0000' from 1 for 13)::uuid"
    )
    rows("UPDATE actions_execution SET finished_at = finished_at - interval '31 days', " + shift)
    fresh = app.noop.invoke()
    worker.work(waiting=False)
    assert prune() == 4
    left = value("SELECT count(*) FROM actions_execution")
    assert left == 3
    assert {row[0] for row in rows("SELECT status FROM actions_execution")} == {"in_doubt", "queued", "succeeded"}
    assert value("SELECT count(*) FROM actions_attempt") == 2
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.accepted'") == 7
    assert (fresh.status, len(old), doubtful.id != failed.id, waiting.id != old[0].id) == ("succeeded", 3, True, True)


def test_one_leads_and_the_other_takes_over_when_it_ends():
    """F16"""
    import threading

    from django.db import connection

    first, second = Maintain(), Maintain()
    over = threading.Event()
    stood_by = threading.Event()
    answers: list[bool] = []

    def other() -> None:
        answers.append(second.step())
        stood_by.set()
        assert over.wait(20)
        answers.append(second.step())

    assert first.step()
    standby = Elsewhere(other)
    assert stood_by.wait(20)
    connection.close()
    rows("SELECT 1")
    over.set()
    standby.outcome()
    assert answers == [False, True]


def test_a_maintain_whose_chore_breaks_steps_down_and_comes_back(monkeypatch: pytest.MonkeyPatch):
    from django.db import OperationalError

    maintain = Maintain()
    assert maintain.step()
    plain = maintain.chores[0].act

    def broken() -> None:
        raise OperationalError("gone")

    maintain.chores[0].act = broken
    assert not maintain.step()
    maintain.chores[0].act = plain
    assert maintain.step()


def test_a_chore_with_a_fault_keeps_the_others_from_nothing(monkeypatch: pytest.MonkeyPatch):
    maintain = Maintain()
    done: list[str] = []

    def fault() -> None:
        raise KeyError("nobody expected this")

    maintain.chores = [Chore("broken", fault, 0.0), Chore("next", lambda: done.append("next"), 0.0)]
    with capture_logs() as logs:
        assert maintain.step()
        assert maintain.step()
    assert done == ["next", "next"]
    assert [one["chore"] for one in logs if one["event"] == "chore_failed"] == ["broken", "broken"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What this session asks of PostgreSQL, as libpq sends it."""
    sent: list[str] = []
    with tempfile.TemporaryFile() as file:
        raw().pgconn.trace(file.fileno())
        try:
            yield sent
        finally:
            raw().pgconn.untrace()
        file.seek(0)
        sent += [line for line in file.read().decode().splitlines() if "\tQuery\t" in line or "\tExecute\t" in line]


def test_with_nothing_to_do_it_asks_little(worker: StageWorker):
    """At most 4.4 statements a second with every chore at its pace; heartbeats come to 0.2 for each worker process"""
    maintain = Maintain()
    maintain.step()
    asked = 0.0
    for chore in maintain.chores:
        with statements() as sent:
            chore.act()
        asked += len(sent) / max(chore.every, conf.get().MAINTAIN_TICK)
    assert asked <= 4.4
