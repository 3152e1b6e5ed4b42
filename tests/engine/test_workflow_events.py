"""External events: told before, during and after the wait, once or twice, and refused where nobody could wait."""

from typing import Any

import pytest
from django.db import transaction

from actions import Context, EventTimeout, GiveUp, emit, wait_for
from actions.engine.operate.cancel import cancel
from actions.engine.workflows import record
from actions.errors import AlreadyFinished, ExecutionNotFound, IdempotencyKeyInvalid, InvalidInput
from actions.ids import new_id, public_id
from tests.engine.steps import late
from tests.stage import ALICE, all_at_once, column, elsewhere, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")


@pytest.fixture
def review(compose: Any) -> Any:
    @compose("stage-review")
    def review(waits: int = 1, name: str = "review") -> list[Any]:
        return [wait_for(name) for _ in range(waits)]

    return review


def _kept() -> int:
    return int(value("SELECT count(*) FROM actions_externalevent"))


@pytest.mark.parametrize("when", ["before", "while running", "after"])
def test_an_event_is_not_lost_whenever_it_comes(when: str, review: Any, crew: Any):
    handle = review.invoke()
    worker = crew()
    if when == "before":
        emit(handle.id, "review", {"ok": True})
    held = worker.claim()
    if when == "while running":
        emit(handle.id, "review", {"ok": True})
        assert handle.status == "running"
    worker.settle(held)
    if when == "after":
        assert handle.status == "waiting"
        emit(handle.id, "review", {"ok": True})
        assert handle.status == "queued"
    worker.work()
    assert handle.result() == [{"ok": True}]
    assert outcomes(handle) == (["suspended", "succeeded"] if when == "after" else ["succeeded"])


def test_an_event_between_the_functions_look_and_its_suspension(review: Any, crew: Any, monkeypatch: Any):
    """The function has seen that there is none; then one comes; then the entry is settled."""
    handle = review.invoke()
    worker = crew()
    prepare = record.prepare

    def late_one(endings: Any) -> Any:
        monkeypatch.setattr(record, "prepare", prepare)
        elsewhere(lambda: emit(handle.id, "review", 1))
        return prepare(endings)

    monkeypatch.setattr(record, "prepare", late_one)
    worker.settle(worker.claim())
    assert handle.status == "queued" and outcomes(handle) == ["suspended"]
    worker.work()
    assert handle.result() == [1]
    assert verbs(handle) == ["accepted", "started", "emitted", "suspended", "started", "succeeded"]


def test_each_wait_takes_one_event_in_the_order_they_came(review: Any, crew: Any):
    handle = review.invoke(waits=3)
    worker = crew()
    emit(handle.id, "review", 1)
    emit(handle.id, "review", 2)
    emit(handle.id, "other", "x")
    worker.work()
    assert handle.status == "waiting"
    emit(handle.id, "review", 3)
    emit(handle.id, "review", 4)
    worker.work()
    assert handle.result() == [1, 2, 3]
    assert rows("SELECT name, payload::text FROM actions_externalevent WHERE taken_by IS NULL ORDER BY id") == [
        ("other", '"x"'), ("review", "4"),
    ]  # fmt: skip


def test_two_events_at_once_resume_once(review: Any, crew: Any):
    handle = review.invoke(waits=2)
    worker = crew()
    worker.work()
    assert all_at_once([lambda: emit(handle.id, "review", "a"), lambda: emit(handle.id, "review", "b")]) == [None, None]
    worker.work()
    assert sorted(handle.result()) == ["a", "b"] and outcomes(handle) == ["suspended", "succeeded"]


def test_the_same_event_told_twice_is_kept_once(review: Any, crew: Any):
    handle = review.invoke(waits=2)
    worker = crew()
    worker.work()
    for _ in range(2):
        emit(handle.id, "review", "a", idempotency_key="delivery-1")
    worker.work()
    assert handle.status == "waiting" and _kept() == 1
    emit(handle.id, "review", "a", idempotency_key="delivery-1")
    assert handle.status == "waiting"
    emit(handle.id, "review", "b", idempotency_key="delivery-2")
    worker.work()
    assert handle.result() == ["a", "b"] and verbs(handle).count("emitted") == 2


def test_waits_of_names_that_look_like_numbered_ones_are_told_apart(compose: Any, crew: Any):
    @compose("stage-numbered")
    def numbered() -> list[Any]:
        return [wait_for("a"), wait_for("a"), wait_for("a#2"), wait_for("a#2")]

    handle = numbered.invoke()
    for name, payload in (("a", 1), ("a", 2), ("a#2", 3), ("a#2", 4)):
        emit(handle.id, name, payload)
    crew().work()
    assert handle.result() == [1, 2, 3, 4]


def test_payloads_come_back_as_they_were(review: Any, crew: Any):
    payloads = [None, "", 0, [], {"deep": [{"x": None}]}, "ä€\U0001f600", 1.5]
    handle = review.invoke(waits=len(payloads))
    for payload in payloads:
        emit(handle.id, "review", payload)
    crew().work()
    assert handle.result() == payloads


def test_a_late_event_is_kept_for_another_wait(compose: Any, crew: Any):
    @compose("stage-late")
    def patient() -> list[Any]:
        try:
            first = wait_for("review", timeout=3600)
        except EventTimeout:
            first = "none"
        return [first, wait_for("go"), wait_for("review")]

    handle = patient.invoke()
    worker = crew()
    worker.work()
    rows("UPDATE actions_memory SET value = jsonb_build_object('until', now()::text) WHERE key = 'wait:review'")
    late(worker)
    assert handle.status == "waiting" and column(handle, "awaited_event") == "go"
    emit(handle.id, "review", "late")
    emit(handle.id, "go")
    worker.work()
    assert handle.result() == ["none", None, "late"]


def test_an_event_that_comes_as_its_time_runs_out_counts(compose: Any, crew: Any):
    @compose("stage-just")
    def just() -> Any:
        return wait_for("review", timeout=3600)

    handle = just.invoke()
    worker = crew()
    worker.work()
    rows("UPDATE actions_memory SET value = jsonb_build_object('until', now()::text)")
    emit(handle.id, "review", "just in time")
    late(worker)
    assert handle.result() == "just in time"


def test_a_timeout_that_nobody_catches_fails_the_workflow(compose: Any, crew: Any):
    @compose("stage-uncaught")
    def uncaught() -> Any:
        return wait_for("review", timeout=0)

    handle = uncaught.invoke()
    crew().work()
    assert handle.status == "failed" and handle.error["code"] == "event_timeout"


def test_an_event_for_a_workflow_that_waits_for_something_else(compose: Any, crew: Any, call_out: Any):
    @compose("stage-elsewhere")
    def elsewhere_() -> Any:
        return [call_out(1), wait_for("review")]

    handle = elsewhere_.invoke()
    worker = crew()
    worker.settle(worker.claim())
    emit(handle.id, "review", 2)
    assert handle.status == "waiting"
    worker.work()
    assert handle.result() == [10, 2]


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_an_ended_workflow_is_told_nothing(end: str, compose: Any, crew: Any):
    @compose("stage-ends")
    def ends() -> None:
        if end == "failed":
            raise GiveUp("no")

    handle = ends.invoke()
    if end == "cancelled":
        cancel(handle.id, actor=ALICE, reason="not needed")
    crew().work()
    with pytest.raises(AlreadyFinished):
        emit(handle.id, "review")
    assert _kept() == 0


def test_only_workflows_are_told_events(add: Any):
    handle = add.invoke(a=1)
    with pytest.raises(InvalidInput) as refused:
        emit(handle.id, "review")
    assert refused.value.code == "not_a_workflow"
    for unknown in ("nonsense", public_id(new_id())):
        with pytest.raises(ExecutionNotFound):
            emit(unknown, "review")


def _deep() -> Any:
    value: Any = 1
    for _ in range(500):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "payload", "key"),
    [
        ("", None, None), ("x" * 101, None, None), ("nul\x00", None, None), ("\ud800", None, None),
        ("review", "nul\x00", None), ("review", float("nan"), None), ("review", float("inf"), None),
        ("review", _deep(), None), ("review", {1, 2}, None), ("review", 2**70, None), ("review", "\ud800", None),
        ("review", {"x": "y" * 20_000_000}, None),
        ("review", None, "k" * 300), ("review", None, "nul\x00"), ("review", None, ""),
    ],
)  # fmt: skip
def test_bad_names_payloads_and_keys_are_refused(name: str, payload: Any, key: str | None, review: Any, crew: Any):
    handle = review.invoke()
    worker = crew()
    worker.work()
    with pytest.raises(InvalidInput if key is None else IdempotencyKeyInvalid):
        emit(handle.id, name, payload, idempotency_key=key)
    assert (handle.status, _kept(), verbs(handle)[-1]) == ("waiting", 0, "suspended")


@pytest.mark.parametrize("fails", [False, True])
def test_an_event_from_a_handler_comes_with_its_commit(fails: bool, review: Any, declare: Any, crew: Any):
    @declare("stage-tells")
    def tells(execution_id: str) -> None:
        emit(execution_id, "review", "told")
        if fails:
            raise GiveUp("not after all")

    handle = review.invoke()
    worker = crew()
    worker.work()
    tells.invoke(execution_id=handle.id)
    worker.work()
    if fails:
        assert (handle.status, _kept(), verbs(handle)[-1]) == ("waiting", 0, "suspended")
    else:
        assert handle.result() == ["told"]


def test_a_step_tells_its_own_workflow(compose: Any, declare: Any, crew: Any):
    @declare("stage-tells")
    def tells(execution_id: str) -> None:
        emit(execution_id, "review", "from below")

    @compose("stage-hears")
    def hears(context: Context) -> Any:
        tells(context.execution_id)
        tells.start(execution_id=context.execution_id)
        return [wait_for("review"), wait_for("review")]

    handle = hears.invoke()
    crew().work()
    assert handle.result() == ["from below"] * 2


def test_an_event_in_a_transaction_of_the_caller_comes_with_it(review: Any, crew: Any):
    handle = review.invoke()
    worker = crew()
    worker.work()
    with pytest.raises(RuntimeError), transaction.atomic():
        emit(handle.id, "review", "never")
        raise RuntimeError
    assert handle.status == "waiting" and _kept() == 0
    with transaction.atomic():
        emit(handle.id, "review", "at last")
    worker.work()
    assert handle.result() == ["at last"]


def test_who_told_an_event_is_in_the_audit_and_its_payload_is_not(review: Any, crew: Any):
    handle = review.invoke()
    worker = crew()
    worker.work()
    emit(handle.id, "review", {"canary": "very secret"}, actor=ALICE, reason="looked at it")
    entry = rows("SELECT actor_label, reason, data::text FROM actions_auditentry WHERE verb = 'execution.emitted'")[0]
    assert entry[:2] == ("Alice", "looked at it") and "canary" not in entry[2] and "waiting" in entry[2]
    worker.work()
    assert handle.result() == [{"canary": "very secret"}]
