"""Cancel goes down the tree of a workflow; what is at work outside is asked, what is detached goes on."""

from typing import Any

import pytest

from actions import Context, InDoubt, StepFailed, emit, sleep, wait_for
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.errors import AlreadyFinished, NotRetryable
from tests.engine.steps import hold, late, release
from tests.stage import ALICE, column, effects, outcomes, rows, step_of, tree, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")


@pytest.fixture
def doubtful(declare: Any) -> Any:
    @declare("stage-doubtful", effects="external")
    def act() -> int:
        raise InDoubt("no reply")

    return act


@pytest.fixture
def slow(declare: Any, ran: list[Any]) -> Any:
    """An outside step that asks whether to go on."""

    @declare("stage-slow", effects="repeatable")
    def act(context: Context) -> str:
        ran.append("slow")
        context.heartbeat()
        return "done"

    return act


def test_a_cancelled_workflow_takes_its_tree_with_it(
    compose: Any, crew: Any, add: Any, call_out: Any, mark: Any, doubtful: Any
):
    @compose("stage-waits")
    def waits(how: str) -> Any:
        return wait_for("x") if how == "event" else sleep(3600) if how == "sleep" else call_out(5)

    @compose("stage-tree")
    def everything() -> None:
        mark.start(note="done", step="done")
        doubt = doubtful.start(step="doubt")
        add.start(a=1, after=[doubt], step="blocked")
        call_out.start(n=1, step="queued")
        call_out.start(n=2, step="detached", detached=True)
        for how in ("event", "sleep", "step"):
            waits.start(how=how, step=how)

    hold("stage-call-out")
    handle = everything.invoke()
    worker = crew()
    worker.work()
    below = step_of(step_of(handle, "step"), "stage-call-out")
    assert tree(handle) == {
        "done": "succeeded", "doubt": "in_doubt", "blocked": "blocked", "queued": "queued", "detached": "queued",
        "event": "waiting", "sleep": "waiting", "step": "waiting",
    }  # fmt: skip
    cancel(handle.id, actor=ALICE, reason="not needed")
    assert handle.status == "cancelled" and column(below, "status") == "cancelled"
    assert tree(handle) == {
        "done": "succeeded", "doubt": "in_doubt", "blocked": "cancelled", "queued": "cancelled", "detached": "queued",
        "event": "cancelled", "sleep": "cancelled", "step": "cancelled",
    }  # fmt: skip
    assert verbs(below)[-1] == "cancelled"
    assert rows("SELECT DISTINCT actor_label, reason FROM actions_auditentry WHERE verb = 'execution.cancelled'") == [
        ("Alice", "not needed")
    ]
    release("stage-call-out")
    resolve(step_of(handle, "doubt"), answer=Answer.HAPPENED, actor=ALICE, reason="looked", result=1)
    worker.work()
    assert tree(handle)["detached"] == "succeeded" and tree(handle)["doubt"] == "succeeded"
    assert handle.status == "cancelled" and tree(handle)["blocked"] == "cancelled"
    with pytest.raises(AlreadyFinished):
        emit(handle.id, "x")


def test_a_running_database_step_is_cancelled_by_the_fence(compose: Any, crew: Any, mark: Any):
    @compose("stage-fenced")
    def fenced() -> Any:
        return mark.start(note="never").result()

    handle = fenced.invoke()
    worker = crew()
    worker.settle(worker.claim())
    held = worker.claim()
    assert tree(handle) == {"stage-mark": "running"}
    cancel(handle.id, actor=ALICE, reason="not needed")
    worker.settle(held)
    assert tree(handle) == {"stage-mark": "cancelled"} and effects(step_of(handle, "stage-mark")) == 0
    assert outcomes(step_of(handle, "stage-mark")) == ["cancelled"]


def test_a_running_entry_is_cancelled_by_the_fence(compose: Any, crew: Any, mark: Any, call_out: Any):
    @compose("stage-entry")
    def entry() -> Any:
        mark("never")
        return call_out(1)

    handle = entry.invoke()
    worker = crew()
    held = worker.claim()
    cancel(handle.id, actor=ALICE, reason="not needed")
    worker.settle(held)
    assert handle.status == "cancelled" and tree(handle) == {}
    assert rows("SELECT 1 FROM app_effect") == []
    assert verbs(handle) == ["accepted", "started", "cancelled"]


def test_a_running_outside_step_is_asked(compose: Any, crew: Any, slow: Any, ran: list[Any]):
    @compose("stage-asks")
    def asks() -> Any:
        return slow()

    handle = asks.invoke()
    worker = crew()
    worker.settle(worker.claim())
    held = worker.claim()
    cancel(handle.id, actor=ALICE, reason="not needed")
    step = step_of(handle, "stage-slow")
    assert (handle.status, column(step, "status")) == ("cancelled", "running")
    assert verbs(step)[-1] == "cancel_requested"
    worker.settle(held)
    assert column(step, "status") == "cancelled" and ran == ["slow"] and handle.status == "cancelled"


def test_one_cancelled_step_fails_its_workflow_for_good(compose: Any, crew: Any, call_out: Any, add: Any):
    @compose("stage-one")
    def one() -> Any:
        first = call_out.start(n=1)
        return add.start(a=first)

    hold("stage-call-out")
    handle = one.invoke()
    worker = crew()
    worker.work()
    cancel(step_of(handle, "stage-call-out"), actor=ALICE, reason="not that one")
    assert tree(handle) == {"stage-call-out": "cancelled", "stage-add": "skipped"}
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "stage-add"
    with pytest.raises(NotRetryable):
        retry(step_of(handle, "stage-call-out"), actor=ALICE, reason="after all")


def test_a_cancelled_step_can_be_caught(compose: Any, crew: Any, call_out: Any):
    @compose("stage-catches-cancel")
    def catches() -> Any:
        try:
            return call_out(1)
        except StepFailed as error:
            return error.status

    hold("stage-call-out")
    handle = catches.invoke()
    worker = crew()
    worker.work()
    cancel(step_of(handle, "stage-call-out"), actor=ALICE, reason="not that one")
    worker.work()
    assert handle.result() == "cancelled"


def test_a_cancelled_sub_workflow_takes_its_steps_and_fails_what_waits(compose: Any, crew: Any, call_out: Any):
    @compose("stage-inner")
    def inner() -> Any:
        return call_out(1)

    @compose("stage-outer")
    def outer() -> Any:
        return inner()

    hold("stage-call-out")
    handle = outer.invoke()
    worker = crew()
    worker.work()
    below = step_of(handle, "stage-inner")
    cancel(below, actor=ALICE, reason="not that one")
    assert tree(below) == {"stage-call-out": "cancelled"}
    worker.work()
    assert handle.status == "failed" and handle.error["step"] == "stage-inner"


def test_the_failed_step_of_a_cancelled_workflow_is_not_retried(compose: Any, crew: Any, moody: Any, call_out: Any):
    @compose("stage-buried")
    def buried() -> Any:
        moody.start(n=1)
        return call_out(1)

    hold("stage-call-out")
    handle = buried.invoke()
    crew().work()
    cancel(handle.id, actor=ALICE, reason="not needed")
    with pytest.raises(NotRetryable) as refused:
        retry(step_of(handle, "stage-moody"), actor=ALICE, reason="after all")
    assert "was cancelled" in str(refused.value)


def test_an_optional_step_may_be_cancelled(compose: Any, crew: Any, call_out: Any, add: Any):
    @compose("stage-optional")
    def optional() -> Any:
        mail = call_out.start(n=1, optional=True)
        return add.start(a=1, after=[mail])

    hold("stage-call-out")
    handle = optional.invoke()
    worker = crew()
    worker.work()
    cancel(step_of(handle, "stage-call-out"), actor=ALICE, reason="no mail")
    worker.work()
    assert handle.result() == {"sum": 1}


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_detached_steps_behind_cancelled_ones_are_not_left_blocked(
    how: str, compose: Any, crew: Any, call_out: Any, add: Any, ran: list[Any]
):
    @compose("stage-leaves", timeout=3600)
    def leaves() -> Any:
        first = call_out.start(n=1)
        mail = call_out.start(n=2, optional=True, step="mail")
        add.start(a=first, detached=True, step="needs it")
        add.start(a=5, after=[mail], detached=True, step="comes after it")
        return first

    hold("stage-call-out")
    handle = leaves.invoke()
    worker = crew()
    worker.work()
    if how == "cancelled":
        cancel(handle.id, actor=ALICE, reason="not needed")
    else:
        rows("UPDATE actions_memory SET value = '1' WHERE key = 'deadline'")
        late(worker)
    assert tree(handle)["needs it"] == "skipped"
    worker.work()
    assert tree(handle)["comes after it"] == "succeeded" and ran == [(5, 0)]
    assert handle.status == ("cancelled" if how == "cancelled" else "failed")
