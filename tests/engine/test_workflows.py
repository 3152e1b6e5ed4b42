"""Workflows: each construct does what it says, and finished steps are never run again."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from actions import Context, EventTimeout, GiveUp, Handle, StepFailed, emit, gather, sleep, wait_for
from actions.engine import ledger
from actions.engine.maintain import redispatch
from actions.engine.operate.replay import replay
from actions.engine.operate.retry import retry
from actions.errors import AlreadyFinished, FailureConsumed
from tests.stage import ALICE, column, columns, key_of, outcomes, rows, step_of, tree, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def ran() -> list[Any]:
    """What handlers were entered with, in order."""
    return []


@pytest.fixture
def add(declare: Any, ran: list[Any]) -> Any:
    @declare("stage-add")
    def act(a: int, b: int = 0) -> dict[str, int]:
        ran.append((a, b))
        return {"sum": a + b}

    return act


@pytest.fixture
def call_out(declare: Any, ran: list[Any]) -> Any:
    @declare("stage-call-out", effects="external")
    def act(n: int) -> int:
        ran.append(n)
        return n * 10

    return act


@pytest.fixture
def moody(declare: Any, ran: list[Any]) -> Any:
    """Fails for good until its mood changes."""

    @declare("stage-moody")
    def act(n: int = 0) -> int:
        ran.append(("moody", n))
        if act.bad:
            raise GiveUp("bad mood")
        return n

    act.bad = True
    return act


def test_a_sequence_of_calls_runs_in_line_in_one_entry(compose: Any, crew: Any, add: Any, ran: list[Any]):
    @compose("stage-sum")
    def total(start: int) -> int:
        first = add(start, 1)
        second = add(a=first["sum"], b=2)
        return add(second["sum"], b=3)["sum"]

    handle = total.invoke(start=10)
    assert crew().work() == 1
    assert (handle.status, handle.result()) == ("succeeded", 16)
    assert ran == [(10, 1), (11, 2), (13, 3)]
    assert tree(handle) == {"stage-add": "succeeded", "stage-add#2": "succeeded", "stage-add#3": "succeeded"}
    step = step_of(handle, "stage-add#2")
    assert verbs(step) == ["accepted", "started", "succeeded"]
    assert outcomes(step) == ["succeeded"]
    assert column(step, "actor_kind") == "workflow" and column(step, "actor_id") == handle.id


def test_an_outside_step_suspends_the_workflow_and_is_not_run_again(
    compose: Any, crew: Any, add: Any, call_out: Any, ran: list[Any]
):
    @compose("stage-mixed")
    def mixed() -> int:
        a = add(1)["sum"]
        b = call_out(a)
        return add(b, a)["sum"]

    handle = mixed.invoke()
    crew().work()
    assert handle.result() == 11
    assert ran == [(1, 0), 1, (10, 1)]
    assert outcomes(handle) == ["suspended", "succeeded"]
    assert verbs(handle) == ["accepted", "started", "suspended", "resumed", "started", "succeeded"]


def test_futures_make_edges_and_the_graph_runs_without_entering_the_function(
    compose: Any, crew: Any, add: Any, ran: list[Any]
):
    entered: list[int] = []

    @compose("stage-graph")
    def graph() -> Any:
        entered.append(1)
        left = add.start(a=1)
        right = add.start(a=2, step="right")
        both = add.start(a=left["sum"], b=right["sum"])
        return add.start(a=10, after=[both], step="last")

    handle = graph.invoke()
    crew().work()
    assert handle.result() == {"sum": 10}
    assert sorted(ran[:2]) == [(1, 0), (2, 0)] and ran[2:] == [(1, 2), (10, 0)]
    assert len(entered) == 2
    assert verbs(step_of(handle, "last")) == ["accepted", "unblocked", "started", "succeeded"]


def test_gather_waits_for_all_and_keeps_their_order(compose: Any, crew: Any, call_out: Any):
    @compose("stage-fan")
    def fan(numbers: list[int]) -> list[int]:
        return gather([call_out.start(n=number) for number in numbers])

    handle = fan.invoke(numbers=[3, 1, 2])
    crew().work()
    assert handle.result() == [30, 10, 20]


def test_results_come_back_in_the_type_that_the_step_declares(compose: Any, declare: Any, crew: Any):
    @declare("stage-price")
    def price() -> Decimal:
        return Decimal("1.10")

    seen: list[Any] = []

    @compose("stage-typed")
    def typed() -> None:
        seen.append(price())
        seen.append(price.start().result())

    typed.invoke()
    crew().work()
    assert seen[-2:] == [Decimal("1.10"), Decimal("1.10")]


def test_a_failed_step_fails_its_workflow(compose: Any, crew: Any, moody: Any):
    @compose("stage-doomed")
    def doomed() -> int:
        return moody(1)

    handle = doomed.invoke()
    crew().work()
    assert handle.status == "failed"
    assert handle.error["code"] == "step_failed"
    assert handle.error["step"] == "stage-moody" and handle.error["execution"] == step_of(handle, "stage-moody")


def test_a_failed_step_that_nobody_asked_for_fails_its_workflow_too(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-unseen")
    def unseen() -> int:
        moody.start(n=1)
        return add(1)["sum"]

    handle = unseen.invoke()
    crew().work()
    assert handle.status == "failed" and handle.error["code"] == "step_failed"


def test_a_caught_failure_is_the_functions_own_business(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-catches")
    def catches() -> int:
        try:
            moody(1)
        except StepFailed as error:
            return add(5)["sum"] if "bad mood" in str(error) else 0
        return -1

    handle = catches.invoke()
    crew().work()
    assert handle.result() == 5
    with pytest.raises(FailureConsumed):
        retry(step_of(handle, "stage-moody"), actor=ALICE, reason="again")


def test_an_optional_step_may_fail(compose: Any, crew: Any, moody: Any, add: Any):
    @compose("stage-optional")
    def relaxed() -> int:
        mail = moody.start(n=1, optional=True)
        add.start(a=1, after=[mail], step="afterwards")
        add.start(a=mail, step="needs it")
        return add(5)["sum"]

    handle = relaxed.invoke()
    crew().work()
    assert handle.result() == 5
    assert tree(handle) == {
        "stage-moody": "failed", "afterwards": "succeeded", "needs it": "skipped", "stage-add": "succeeded",
    }  # fmt: skip
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="the mood is better")
    assert tree(handle)["needs it"] == "blocked"
    crew().work()
    assert set(tree(handle).values()) == {"succeeded"}
    assert handle.status == "succeeded"


def test_dependents_of_a_failed_step_are_skipped_and_revived_by_its_retry(
    compose: Any, crew: Any, moody: Any, add: Any, ran: list[Any]
):
    @compose("stage-chain")
    def chain() -> Any:
        first = add.start(a=1, step="first")
        second = moody.start(n=first["sum"])
        third = add.start(a=second, step="third")
        return add.start(a=1, after=[third], step="fourth")

    handle = chain.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed"
    assert tree(handle) == {
        "first": "succeeded", "stage-moody": "failed", "third": "skipped", "fourth": "skipped",
    }  # fmt: skip
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="repaired")
    assert handle.status == "waiting"
    worker.work()
    assert handle.result() == {"sum": 1}
    assert ran == [(1, 0), ("moody", 1), ("moody", 1), (1, 0), (1, 0)]


def test_retry_of_the_workflow_retries_its_failed_steps_and_nothing_else(
    compose: Any, crew: Any, moody: Any, add: Any, ran: list[Any]
):
    @compose("stage-inner")
    def inner(n: int) -> int:
        return moody(n)

    @compose("stage-outer")
    def outer() -> list[int]:
        add(1)
        return gather(inner.start(n=1), inner.start(n=2))

    handle = outer.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed"
    moody.bad = False
    retry(handle.id, actor=ALICE, reason="repaired")
    assert handle.status == "waiting" and set(tree(handle).values()) == {"succeeded", "waiting"}
    worker.work()
    assert handle.result() == [1, 2]
    assert ran.count((1, 0)) == 1 and ran.count(("moody", 1)) == 2


def test_sleep_holds_no_worker_and_goes_on_by_time(compose: Any, crew: Any, add: Any, ran: list[Any]):
    @compose("stage-sleepy")
    def sleepy() -> int:
        add(1)
        sleep(timedelta(hours=1))
        return add(2)["sum"]

    handle = sleepy.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "waiting"
    redispatch()
    worker.work()
    assert handle.status == "waiting" and ran == [(1, 0)]
    rows("UPDATE actions_execution SET wake_at = now() WHERE status = 'waiting'")
    rows("UPDATE actions_memory SET value = to_jsonb(now()::text) WHERE key = 'sleep'")
    redispatch()
    worker.work()
    assert handle.result() == 2 and ran == [(1, 0), (2, 0)]


def test_an_event_before_the_wait_and_one_after_it(compose: Any, crew: Any):
    @compose("stage-review")
    def review() -> list[Any]:
        return [wait_for("review"), wait_for("review", timeout=3600)]

    handle = review.invoke()
    emit(handle.id, "review", {"ok": 1})
    worker = crew()
    worker.work()
    assert handle.status == "waiting"
    emit(handle.id, "other", "not that one")
    assert handle.status == "waiting"
    emit(handle.id, "review", {"ok": 2})
    assert handle.status == "queued"
    worker.work()
    assert handle.result() == [{"ok": 1}, {"ok": 2}]


def test_an_event_that_does_not_come_in_time(compose: Any, crew: Any):
    @compose("stage-impatient")
    def impatient() -> str:
        try:
            wait_for("review", timeout=0.05)
        except EventTimeout:
            return "late"
        return "in time"

    handle = impatient.invoke()
    worker = crew()
    worker.work()
    rows("SELECT pg_sleep(0.06)")
    redispatch()
    worker.work()
    assert handle.result() == "late"
    with pytest.raises(AlreadyFinished):
        emit(handle.id, "review")


def test_finished_steps_are_undone_in_reverse_when_the_workflow_fails(
    compose: Any, declare: Any, crew: Any, moody: Any, ran: list[Any]
):
    @declare("stage-book", effects="external")
    def book(what: str) -> str:
        return f"booked {what}"

    @book.compensation
    def cancel_booking(what: str, result: str, context: Context) -> str:
        ran.append((what, result, context.execution_id))
        return f"cancelled {what}"

    @compose("stage-travel", on_failure="compensate")
    def travel() -> None:
        book("flight")
        book("hotel")
        moody(1)

    handle = travel.invoke()
    crew().work()
    assert handle.status == "failed"
    assert handle.error["code"] == "step_failed"
    assert handle.error["undone"] == ["stage-book#2", "stage-book"] and handle.error["not_undone"] == []
    assert [what for what, *_ in ran if what != "moody"] == ["hotel", "flight"]
    with pytest.raises(FailureConsumed):
        retry(step_of(handle, "stage-moody"), actor=ALICE, reason="too late")
    with pytest.raises(FailureConsumed):
        retry(handle.id, actor=ALICE, reason="too late")


def test_a_replay_from_a_step_keeps_what_came_before_it(
    compose: Any, crew: Any, add: Any, moody: Any, call_out: Any, ran: list[Any]
):
    @compose("stage-long")
    def long() -> list[Any]:
        first = add(1)["sum"]
        outside = call_out(first)
        beside = add.start(a=100, step="beside")
        mood = moody(n=outside)
        last = add(mood, 1)["sum"]
        return [first, outside, beside, mood, last]

    handle = long.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed"
    moody.bad = False
    ran.clear()
    again = replay(handle.id, actor=ALICE, reason="another mood", from_step="stage-moody", params={"n": 7})
    assert again.id != handle.id
    worker.work()
    fresh = Handle(again.id)
    assert fresh.result() == [1, 10, {"sum": 100}, 7, 8]
    assert sorted(map(str, ran)) == ["('moody', 7)", "(100, 0)", "(7, 1)"]
    assert columns(step_of(fresh, "stage-call-out"))["replay_of_id"] == str(key_of(step_of(handle, "stage-call-out")))
    assert column(step_of(fresh, "stage-moody"), "params") == {"n": 7}


def test_a_workflow_is_pruned_with_its_steps_and_not_before_them(compose: Any, crew: Any, add: Any, call_out: Any):
    @compose("stage-old")
    def old() -> int:
        return gather(add.start(a=1), call_out.start(n=2, detached=True))[1]

    ended, open_ = old.invoke(), old.invoke()
    crew().work()
    rows("UPDATE actions_execution SET finished_at = now() - interval '60 days', id = id")
    rows(
        "UPDATE actions_execution SET finished_at = NULL, status = 'queued' WHERE parent_id = %s AND step = 'stage-call-out'",
        key_of(open_),
    )
    assert ledger.prune(days=30, size=100, newest=UUID(int=2**128 - 1)) == 3
    assert value("SELECT count(*) FROM actions_execution") == 3
    assert value("SELECT count(*) FROM actions_attempt WHERE execution_id = %s", key_of(ended)) == 0
