"""Soft timeouts and progress: what a handler cannot swallow, and what it can say while it runs (F17)."""

import time
from typing import Any

import psycopg
import pytest
from django.db import connection

from actions import Cancelled, Context
from actions.engine.operate.cancel import cancel
from tests.app import actions as app
from tests.stage import ALICE, column, columns, effects, lines, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


@pytest.mark.parametrize(
    ("kind", "status"), [("database", "failed"), ("repeatable", "failed"), ("external", "in_doubt")]
)
def test_except_exception_does_not_swallow_the_timeout(kind: str, status: str, declare: Any, crew: Any):
    """F17"""

    @declare("stage-stubborn", effects=kind, timeout=0.05, retry=app.QUICK)
    def stubborn(context: Context) -> None:
        app.write(context)
        while True:
            try:
                time.sleep(10)
            except Exception:
                continue

    handle = stubborn.invoke()
    neighbour = app.write_row.invoke()
    began = time.monotonic()
    crew(timed=True).work()
    assert time.monotonic() - began < 5
    assert (handle.status, effects(handle), effects(neighbour)) == (status, 0, 1)
    assert set(outcomes(handle)) == {"timed_out"}
    assert handle.error is not None
    assert handle.error["code"] == "timed_out"
    assert "0.05" in handle.error["message"]


def test_a_statement_that_takes_too_long_is_cancelled_in_postgresql(
    declare: Any, crew: Any, observer: psycopg.Connection[Any]
):
    """F17"""

    @declare("stage-slow", timeout=0.1)
    def slow() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    handle = slow.invoke()
    crew(timed=True).work()
    assert handle.status == "failed"
    assert observer.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'").fetchone() == (
        0,
    )


def test_the_timeout_is_disarmed_once_the_handler_has_returned(declare: Any, crew: Any):
    @declare("stage-quick", timeout=0.05)
    def quick() -> None: ...

    quick.invoke()
    crew(timed=True).work()
    time.sleep(0.08)


def test_a_handler_knows_how_much_time_is_left(declare: Any, crew: Any):
    seen: list[float | None] = []

    @declare("stage-remaining", timeout=5)
    def remaining(context: Context) -> None:
        seen.append(context.remaining)

    remaining.invoke()
    crew(timed=True).work()
    assert seen[0] is not None
    assert 4 < seen[0] <= 5


def test_a_worker_that_must_stop_interrupts_the_handler_and_gives_the_attempt_back(declare: Any, crew: Any):
    """F27"""
    from actions.errors import ShuttingDown

    @declare("stage-interrupted")
    def database(context: Context) -> None:
        app.write(context)
        if context.attempt == 1:
            raise ShuttingDown

    @declare("stage-outside", effects="external")
    def outside(context: Context) -> None:
        raise ShuttingDown

    handle, doubtful = database.invoke(), outside.invoke()
    crew().work()
    assert (handle.status, effects(handle), outcomes(handle)) == ("succeeded", 1, ["given_back", "succeeded"])
    assert (column(handle, "tries"), column(handle, "losses")) == (0, 0)
    assert (doubtful.status, outcomes(doubtful)) == ("in_doubt", ["in_doubt"])


def test_lines_are_kept_with_the_attempt_that_logged_them(declare: Any, crew: Any):
    @declare("stage-logs")
    def logs(context: Context) -> None:
        context.log(f"attempt {context.attempt}", password="canary", size=3)
        if context.attempt == 1:
            raise RuntimeError

    handle = logs.invoke()
    crew().work()
    assert [lines(handle, number)[0]["text"] for number in (1, 2)] == ["attempt 1", "attempt 2"]
    assert lines(handle)[0]["fields"] == {"password": "••••", "size": 3}


def test_a_thousand_lines_are_kept_and_the_last_says_how_many_were_not(declare: Any, crew: Any):
    @declare("stage-logs")
    def logs(context: Context) -> None:
        for number in range(1_005):
            context.log(f"line {number} \x00")

    handle = logs.invoke()
    crew().work()
    kept = lines(handle)
    assert len(kept) == 1_000
    assert kept[0]["text"] == "line 0 \\x00"
    assert kept[-1]["text"] == "6 more lines were dropped"


def test_progress_is_seen_while_the_handler_runs(declare: Any, crew: Any, observer: psycopg.Connection[Any]):
    seen: list[Any] = []

    @declare("stage-progress")
    def progress(context: Context) -> None:
        app.write(context)
        context.progress(3, 10, "three of ten")
        seen.append(observer.execute("SELECT progress FROM actions_attempt").fetchone())

    progress.invoke()
    crew().work()
    assert seen == [({"done": 3, "total": 10, "note": "three of ten"},)]
    assert '"done": 3' in rows("SELECT progress::text FROM actions_attempt")[0][0]


@pytest.mark.parametrize("kind", ["external", "repeatable"])
def test_a_handler_that_was_asked_to_stop_hears_it_at_its_heartbeat(kind: str, declare: Any, crew: Any):
    """I-16: any other ends by its own word"""
    import threading

    from tests.stage import Elsewhere

    go = threading.Event()
    cleaned: list[str] = []

    @declare("stage-asked", effects=kind, atomic=False)
    def asked(context: Context) -> None:
        context.heartbeat()
        go.set()
        operator.outcome()
        context._reported = 0.0
        try:
            context.heartbeat()
        except Cancelled:
            cleaned.append(context.execution_id)
            raise

    handle = asked.invoke()
    operator = Elsewhere(lambda: cancel(handle.id, actor=ALICE, reason="wrong customer"), go)
    crew().work()
    assert operator.outcome().asked
    assert (handle.status, outcomes(handle), cleaned) == ("cancelled", ["cancelled"], [handle.id])
    assert verbs(handle) == ["accepted", "started", "cancel_requested", "cancelled"]


def test_a_request_to_stop_that_is_not_heard_leaves_the_ending_as_it_is(declare: Any, crew: Any):
    import threading

    from tests.stage import Elsewhere

    go = threading.Event()

    @declare("stage-deaf", effects="external")
    def deaf() -> str:
        go.set()
        operator.outcome()
        return "sent"

    handle = deaf.invoke()
    operator = Elsewhere(lambda: cancel(handle.id, actor=ALICE, reason="too late"), go)
    crew().work()
    assert handle.result(timeout=0) == "sent"


def test_the_key_for_providers_is_the_same_in_every_attempt(declare: Any, crew: Any):
    """I-12"""
    keys: list[str] = []

    @declare("stage-provider", effects="repeatable")
    def provider(context: Context) -> None:
        keys.append(context.idempotency_key)
        raise RuntimeError

    handle = provider.invoke()
    crew().work()
    assert keys == [handle.id] * 3
    assert columns(handle)["attempt"] == 3
    assert value("SELECT count(*) FROM actions_execution") == 1
