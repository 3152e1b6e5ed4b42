"""Claimers against each other; handlers that block each other."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from actions import Context
from actions.engine import claim as claiming
from tests.app import actions as app
from tests.app.models import Effect
from tests.stage import Elsewhere, all_at_once, column, outcomes, rows, value

pytestmark = pytest.mark.usefixtures("engine")


def test_two_claimers_never_take_the_same_execution(crew: Any):
    """I-06"""
    app.noop.invoke_many([{}] * 200)
    crews = [crew() for _ in range(4)]

    def drain(worker: Any) -> list[Any]:
        taken = []
        while claims := worker.claim():
            taken += [claim.id for claim in claims]
        return taken

    taken = [one for some in all_at_once([lambda w=worker: drain(w) for worker in crews]) for one in some]
    assert len(taken) == len(set(taken)) == 200
    assert value("SELECT count(*) FROM actions_attempt") == 200


@pytest.mark.parametrize("limit", [1, 2])
def test_many_claimers_never_take_more_slots_than_there_are(limit: int, declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=limit)
    def limited() -> None: ...

    limited.invoke_many([{}] * 10)
    crews = [crew() for _ in range(6)]
    all_at_once([lambda w=worker: w.claim() or w.claim() for worker in crews])
    running = value("SELECT count(*) FROM actions_execution WHERE status = 'running'")
    assert 1 <= running <= limit


@pytest.mark.parametrize("first_commits", [True, False])
def test_the_last_slot_is_taken_once_whichever_claimer_is_first(first_commits: bool, declare: Any, crew: Any):
    """The second comes between the first one's count and its commit: the action's row is locked, so it takes nothing."""

    @declare("stage-limited", max_concurrency=1)
    def limited() -> None: ...

    limited.invoke_many([{}] * 2)
    first, second = crew(), crew()
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> Any:
        with transaction.atomic():
            taken = first.claimer._claim_limited("default", first.worker)
            inside.set()
            assert go_on.wait(20)
            if not first_commits:
                transaction.set_rollback(True)
        return taken

    holder = Elsewhere(slow)
    assert inside.wait(20)
    assert second.claimer._claim_limited("default", second.worker) == []
    go_on.set()
    assert len(holder.outcome()) == 1
    later = second.claimer._claim_limited("default", second.worker)
    assert len(later) == (0 if first_commits else 1)
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'running'") == 1


def test_a_claimer_that_counted_before_another_committed_counts_again(declare: Any, crew: Any):
    """The count is a second statement after the lock: it sees what committed while the lock was waited for."""
    assert "FOR UPDATE" in claiming._LOCK_ACTION
    assert "FOR UPDATE" not in claiming._COUNT_RUNNING


def cross(names: tuple[str, str], declare: Any, crew: Any, *, serializable: bool = False) -> list[Any]:
    """Two executions that lock two rows in opposite order, each performed by a worker of its own."""
    rows("INSERT INTO app_effect (execution_id, attempt, note, at) VALUES ('a', 0, '', now()), ('b', 0, '', now())")
    meet = threading.Barrier(2)
    entered: dict[str, int] = {}

    def lock(context: Context, mine: str, other: str) -> str:
        entered[context.execution_id] = entered.get(context.execution_id, 0) + 1
        if serializable and entered[context.execution_id] == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT note FROM app_effect WHERE execution_id = %s", [other])
        Effect.objects.filter(execution_id=mine).update(note=context.execution_id)
        if entered[context.execution_id] == 1:
            meet.wait(20)
        Effect.objects.filter(execution_id=other).update(attempt=Effect.objects.get(execution_id=other).attempt + 1)
        return mine

    act = declare("stage-cross")(lock)
    handles = [act.invoke(mine=mine, other=other) for mine, other in (names, names[::-1])]
    workers = [crew(), crew()]
    claims = workers[0].claim()
    # One each: a group of one's own cannot deadlock with itself.
    rows("UPDATE actions_execution SET worker_id = %s WHERE id = %s", workers[1].worker, claims[1].id)
    met = all_at_once([lambda: workers[0].settle(claims[:1]), lambda: workers[1].settle(claims[1:])])
    assert met == [None, None]
    return [handles, entered]


def test_two_handlers_that_deadlock_both_succeed_within_one_attempt(declare: Any, crew: Any):
    """F20: 40P01"""
    handles, entered = cross(("a", "b"), declare, crew)
    assert [handle.status for handle in handles] == ["succeeded", "succeeded"]
    assert [outcomes(handle) for handle in handles] == [["succeeded"]] * 2
    assert sum(entered.values()) >= 3
    assert [column(handle, "tries") for handle in handles] == [0, 0]
    assert rows("SELECT attempt FROM app_effect ORDER BY execution_id") == [(1,), (1,)]


@pytest.mark.parametrize("code", ["40001", "40P01", "55P03"])
@pytest.mark.parametrize("times", [1, 4])
def test_a_conflict_is_tried_again_within_the_attempt(code: str, times: int, declare: Any, crew: Any):
    """F20: 40001 and lock timeouts, at most five rounds"""
    entered: list[int] = []

    @declare("stage-conflict")
    def act(context: Context) -> None:
        entered.append(context.attempt)
        app.write(context)
        if len(entered) <= times:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '" + code + "'; END $$")

    handle = act.invoke()
    crew().work()
    assert (handle.status, outcomes(handle)) == ("succeeded", ["succeeded"])
    assert entered == [1] * (times + 1)
    assert Effect.objects.count() == 1


def test_a_conflict_that_does_not_end_is_a_failure_of_the_try(declare: Any, crew: Any):
    @declare("stage-conflict")
    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")

    handle = act.invoke()
    crew().work()
    assert (handle.status, outcomes(handle)) == ("failed", ["failed"] * 3)


@pytest.mark.parametrize("kind", ["external", "repeatable"])
def test_a_conflict_of_a_handler_with_outside_effects_is_an_ordinary_failure(kind: str, declare: Any, crew: Any):
    """I-12: it is not entered again behind the policy's back"""
    entered: list[int] = []

    @declare("stage-conflict", effects=kind)
    def act(context: Context) -> None:
        entered.append(context.attempt)
        if context.attempt == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")

    handle = act.invoke()
    crew().work()
    assert (handle.status, entered, outcomes(handle)) == ("succeeded", [1, 2], ["failed", "succeeded"])
