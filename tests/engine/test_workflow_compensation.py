"""Compensation: what is finished is undone in reverse, each undo an execution with its own tries and audit."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from actions import Context, GiveUp, InDoubt, Redacted, RetryPolicy
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.errors import FailureConsumed, InvalidDefinition
from tests.engine.steps import hold, late, release
from tests.stage import ALICE, AT_ONCE, column, columns, outcomes, rows, step_of, tree, value, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")


@pytest.fixture
def trip(compose: Any, book: Any, add: Any, moody: Any) -> Any:
    @compose("stage-trip", on_failure="compensate")
    def trip() -> Any:
        book("flight")
        add(1)
        book("hotel")
        book("car")
        return moody(1)

    return trip


def _booked(ran: list[Any]) -> list[Any]:
    return [line for line in ran if isinstance(line, str)]


def test_finished_steps_with_a_compensation_are_undone_one_after_the_other(trip: Any, crew: Any, ran: list[Any]):
    handle = trip.invoke()
    crew().work()
    assert handle.status == "failed" and handle.error["code"] == "step_failed" and handle.error["step"] == "stage-moody"
    assert _booked(ran) == [
        "book flight", "book hotel", "book car", "cancel car", "cancel hotel", "cancel flight",
    ]  # fmt: skip
    assert handle.error["undone"] == ["stage-book#3", "stage-book#2", "stage-book"]
    assert handle.error["not_undone"] == []
    undo = columns(step_of(handle, "undo:stage-book"))
    assert undo["action_id"] == "stage-book.compensation"
    assert undo["params"] == {"execution_id": step_of(handle, "stage-book")}
    assert "undo:stage-add" not in tree(handle)
    assert verbs(step_of(handle, "undo:stage-book")) == ["accepted", "unblocked", "started", "succeeded"]
    with pytest.raises(FailureConsumed):
        retry(handle.id, actor=ALICE, reason="too late")


def test_a_workflow_that_succeeds_undoes_nothing(trip: Any, crew: Any, moody: Any, ran: list[Any]):
    moody.bad = False
    handle = trip.invoke()
    crew().work()
    assert handle.result() == 1 and _booked(ran) == ["book flight", "book hotel", "book car"]


def test_nothing_finished_nothing_undone(compose: Any, crew: Any, moody: Any):
    @compose("stage-nothing", on_failure="compensate")
    def nothing() -> Any:
        return moody(1)

    handle = nothing.invoke()
    crew().work()
    assert handle.status == "failed" and "undone" not in handle.error
    assert tree(handle) == {"stage-moody": "failed"}


def test_an_undo_that_fails_stops_the_rest_and_its_retry_goes_on(trip: Any, crew: Any, book: Any, ran: list[Any]):
    book.stuck.add("hotel")
    handle = trip.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "stage-moody"
    assert handle.error["undone"] == ["stage-book#3"]
    assert handle.error["not_undone"] == ["stage-book#2", "stage-book"]
    assert tree(handle)["undo:stage-book"] == "skipped"
    with pytest.raises(FailureConsumed):
        retry(step_of(handle, "stage-moody"), actor=ALICE, reason="not that one")
    book.stuck.clear()
    retry(step_of(handle, "undo:stage-book#2"), actor=ALICE, reason="called them")
    assert handle.status == "waiting"
    worker.work()
    assert handle.status == "failed" and handle.error["not_undone"] == []
    assert handle.error["undone"] == ["stage-book#3", "stage-book#2", "stage-book"]
    assert _booked(ran)[3:] == ["cancel car", "cancel hotel", "cancel hotel", "cancel flight"]


def test_a_retry_of_the_workflow_retries_its_failed_undo(trip: Any, crew: Any, book: Any, ran: list[Any]):
    book.stuck.add("car")
    handle = trip.invoke()
    worker = crew()
    worker.work()
    assert handle.error["not_undone"] == ["stage-book#3", "stage-book#2", "stage-book"]
    book.stuck.clear()
    retry(handle.id, actor=ALICE, reason="called them")
    worker.work()
    assert handle.error["not_undone"] == [] and ran.count(("moody", 1)) == 1


def test_undos_have_their_own_tries(compose: Any, declare: Any, crew: Any, moody: Any):
    tries: list[int] = []

    @declare("stage-own", effects="external", retry=RetryPolicy(max_attempts=1))
    def own() -> None: ...

    @own.compensation(effects="database", retry=AT_ONCE)
    def undo(context: Context) -> None:
        tries.append(context.attempt)
        if context.attempt < 3:
            raise RuntimeError("not yet")

    @compose("stage-tries", on_failure="compensate")
    def tries_() -> None:
        own()
        moody(1)

    handle = tries_.invoke()
    crew().work()
    assert tries == [1, 2, 3] and handle.error["undone"] == ["stage-own"]
    assert outcomes(step_of(handle, "undo:stage-own")) == ["failed", "failed", "succeeded"]


def test_an_undo_in_doubt_is_waited_for(compose: Any, declare: Any, crew: Any, moody: Any):
    @declare("stage-unsure", effects="external")
    def unsure() -> None: ...

    @unsure.compensation
    def undo() -> None:
        raise InDoubt("no reply")

    @compose("stage-unsures", on_failure="compensate")
    def unsures() -> None:
        unsure()
        moody(1)

    handle = unsures.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "waiting"
    resolve(step_of(handle, "undo:stage-unsure"), answer=Answer.HAPPENED, actor=ALICE, reason="looked")
    worker.work()
    assert handle.status == "failed" and handle.error["undone"] == ["stage-unsure"]


@pytest.mark.parametrize("state", ["queued", "in_doubt"])
def test_compensation_waits_for_what_is_still_open(
    state: str, compose: Any, declare: Any, crew: Any, book: Any, moody: Any, call_out: Any
):
    @declare("stage-doubtful", effects="external")
    def doubtful() -> None:
        raise InDoubt("no reply")

    @compose("stage-open", on_failure="compensate")
    def open_() -> None:
        book("flight")
        if state == "queued":
            book.start(what="late", step="late")
        else:
            doubtful.start(step="late")
        call_out(1)
        moody(1)

    handle = open_.invoke()
    worker = crew()
    while tree(handle).get("stage-book") != "succeeded":
        worker.settle(worker.claim())
    if state == "queued":
        hold("stage-book")
    worker.work()
    assert handle.status == "waiting" and tree(handle)["late"] == state
    assert not any(key.startswith("undo:") for key in tree(handle))
    if state == "queued":
        release("stage-book")
    else:
        resolve(step_of(handle, "late"), answer=Answer.GIVE_UP, actor=ALICE, reason="looked")
    worker.work()
    expected = ["late", "stage-book"] if state == "queued" else ["stage-book"]
    assert handle.status == "failed" and handle.error["undone"] == expected


class Receipt(BaseModel):
    """What a payment gives."""

    id: str
    amount: Decimal


def test_an_undo_gets_what_the_step_got_and_gave(compose: Any, declare: Any, crew: Any, add: Any, moody: Any):
    seen: list[Any] = []

    @declare("stage-pay", effects="external")
    def pay(amount: Decimal, card: Annotated[str, Redacted], times: int = 1) -> Receipt:
        return Receipt(id="r1", amount=amount * times)

    @pay.compensation
    def refund(amount: Decimal, card: str, times: int, result: Receipt, context: Context) -> str:
        seen.append((amount, card, times, result, context.action, context.idempotency_key))
        return "refunded"

    @compose("stage-pays", on_failure="compensate")
    def pays() -> None:
        count = add.start(a=1, b=1)
        pay.start(amount=Decimal("1.10"), card="4242-4242", times=count["sum"]).result()
        moody(1)

    handle = pays.invoke()
    crew().work()
    undo = step_of(handle, "undo:stage-pay")
    paid = Receipt(id="r1", amount=Decimal("2.20"))
    assert seen == [(Decimal("1.10"), "4242-4242", 2, paid, "stage-pay.compensation", undo)]
    assert column(undo, "result") == "refunded"
    for table in ("actions_execution", "actions_attempt", "actions_auditentry", "actions_memory"):
        assert "4242-4242" not in str(rows("SELECT to_jsonb(t)::text FROM " + table + " AS t"))


def test_the_error_of_an_undo_shows_no_secret(compose: Any, declare: Any, crew: Any, moody: Any):
    @declare("stage-charge", effects="external")
    def charge(card: Annotated[str, Redacted]) -> None: ...

    @charge.compensation
    def refund(card: str) -> None:
        raise GiveUp(f"no refund to {card}")

    @compose("stage-charges", on_failure="compensate")
    def charges() -> None:
        charge("4242-4242")
        moody(1)

    handle = charges.invoke()
    crew().work()
    assert column(step_of(handle, "undo:stage-charge"), "error")["message"] == "no refund to ••••"
    for table in ("actions_execution", "actions_attempt", "actions_auditentry"):
        assert "4242-4242" not in str(rows("SELECT to_jsonb(t)::text FROM " + table + " AS t"))


def test_a_declaration_that_cannot_work_is_refused(book: Any):
    with pytest.raises(InvalidDefinition) as refused:

        @book.compensation
        def undo(what: str, result: str, price: int) -> None: ...

    assert "price" in str(refused.value)


def test_an_error_of_the_function_itself_compensates_too(compose: Any, crew: Any, book: Any, ran: list[Any]):
    @compose("stage-errs", on_failure="compensate")
    def errs() -> None:
        book("flight")
        raise KeyError("typo")

    handle = errs.invoke()
    worker = crew()
    worker.work()
    assert handle.error["class"] == "KeyError" and handle.error["undone"] == ["stage-book"]
    assert _booked(ran) == ["book flight", "cancel flight"]
    with pytest.raises(FailureConsumed):
        retry(handle.id, actor=ALICE, reason="too late")


def test_a_timeout_compensates_and_is_not_retried_then(
    compose: Any, crew: Any, book: Any, call_out: Any, ran: list[Any]
):
    @compose("stage-slow", on_failure="compensate", timeout=3600)
    def slow() -> None:
        book("flight")
        call_out(1)

    handle = slow.invoke()
    worker = crew()
    hold("stage-call-out")
    worker.work()
    rows("UPDATE actions_memory SET value = '1' WHERE key = 'deadline'")
    book.stuck.add("flight")
    late(worker)
    assert handle.status == "failed" and handle.error["code"] == "workflow_timed_out"
    assert handle.error["not_undone"] == ["stage-book"] and tree(handle)["stage-call-out"] == "cancelled"
    book.stuck.clear()
    retry(step_of(handle, "undo:stage-book"), actor=ALICE, reason="called them")
    worker.work()
    assert handle.status == "failed" and handle.error["code"] == "workflow_timed_out"
    assert handle.error["undone"] == ["stage-book"]
    assert _booked(ran) == ["book flight", "cancel flight", "cancel flight"]
    with pytest.raises(FailureConsumed):
        retry(handle.id, actor=ALICE, reason="too late")


def test_a_cancelled_workflow_undoes_nothing(trip: Any, crew: Any, ran: list[Any]):
    hold("stage-moody")
    handle = trip.invoke()
    worker = crew()
    worker.work()
    cancel(handle.id, actor=ALICE, reason="not needed")
    release("stage-moody")
    worker.work()
    assert handle.status == "cancelled" and not [line for line in _booked(ran) if line.startswith("cancel")]


def test_a_sub_workflow_is_undone_by_its_own_declaration(
    compose: Any, crew: Any, book: Any, moody: Any, ran: list[Any]
):
    @compose("stage-inner")
    def inner(what: str) -> Any:
        return book(what)

    @inner.compensation
    def undo(what: str) -> None:
        ran.append(f"undo {what}")

    @compose("stage-outer", on_failure="compensate")
    def outer() -> None:
        inner("flight")
        moody(1)

    handle = outer.invoke()
    crew().work()
    assert handle.error["undone"] == ["stage-inner"] and _booked(ran) == ["book flight", "undo flight"]
    assert value("SELECT count(*) FROM actions_execution WHERE step LIKE 'undo:%%'") == 1
