"""Steps are retried while their workflow goes on; records that had to wait for a workflow's row."""

import threading
import time
from typing import Any

import pytest

from actions import Handle, StepFailed, emit, wait_for
from actions.engine.operate.cancel import cancel
from actions.engine.operate.retry import retry
from actions.engine.operate.subject import Subject
from actions.errors import NotRetryable
from tests.races.interleaving import (
    WAITING,
    Place,
    at_end_of,
    meet,
    once,
    settling,
    sound,
    take,
)
from tests.stage import (
    ALICE,
    BOB,
    PATIENCE,
    Elsewhere,
    outcomes,
    rows,
    session,
    step_of,
    tree,
    verbs,
)

pytestmark = pytest.mark.usefixtures("engine")

# Retry


def failed_run(act: Any, crew: Any) -> Handle:
    """A run that has failed."""
    handle = act.invoke()
    crew().work()
    assert handle.status == "failed"
    return handle


@pytest.fixture
def doomed(compose: Any, note: Any, moody: Any, entered: list[Any]) -> Any:
    @compose("stage-doomed")
    def act() -> Any:
        first = note("first")
        failing = moody.start(n=1, step="moody")
        looked = act.looked
        if not act.waits or wait_for("go"):
            looked.stand()
        return [first, failing.result(), note("last")]

    act.waits = False
    act.looked = Place()
    act.looked.reached.set()
    return act


def test_two_operators_retry_a_failed_step_at_once(doomed: Any, moody: Any, crew: Any, entered: list[Any]):
    handle = failed_run(doomed, crew)
    step = step_of(handle, "moody")
    stands = Place()
    moody.bad = False
    met = meet(
        stands,
        at_end_of(lambda: retry(step, actor=ALICE, reason="mended"), stands),
        lambda: retry(step, actor=BOB, reason="mended"),
    )
    assert isinstance(met[0], Subject) and isinstance(met[1], NotRetryable), met
    assert (handle.status, verbs(step).count("retried"), verbs(handle).count("retried")) == ("waiting", 1, 1)
    crew().work()
    assert handle.result() == ["first", 1, "last"] and entered.count("first") == 1
    assert outcomes(step) == ["failed", "succeeded"]
    sound()


def test_a_step_and_its_workflow_are_retried_at_once(doomed: Any, moody: Any, crew: Any, entered: list[Any]):
    moody.bad = True
    for turn in (1, -1):
        handle = failed_run(doomed, crew)
        step = step_of(handle, "moody")
        sides = [lambda s=step: retry(s, actor=ALICE, reason="a"), lambda h=handle: retry(h.id, actor=BOB, reason="b")]
        stands = Place()
        met = meet(stands, at_end_of(sides[::turn][0], stands), sides[::turn][1])
        assert isinstance(met[0], Subject) and isinstance(met[1], NotRetryable), met
        assert (handle.status, tree(handle)["moody"], verbs(step).count("retried")) == ("waiting", "queued", 1)
        cancel(handle.id, actor=ALICE, reason="the next")
    sound()


@pytest.mark.parametrize("where", ["looked", "steps.recorded", "settle.updated", "retry"])
def test_a_step_is_retried_while_its_workflow_goes_on_with_its_failure(
    where: str, doomed: Any, moody: Any, crew: Any, place: Any, entered: list[Any]
):
    """The retry is heard, whatever the function has seen: an entry that looked before it is undone and made again."""
    doomed.waits = True
    handle = doomed.invoke()
    crew().work()
    assert tree(handle) == {"stage-note": "succeeded", "moody": "failed"}
    emit(handle.id, "go", 1)
    (function,) = take(crew, handle)
    moody.bad = False
    step = step_of(handle, "moody")
    again = lambda: retry(step, actor=ALICE, reason="mended")  # noqa: E731
    stands = doomed.looked = Place() if where in {"looked", "retry"} else place(where)
    if where == "retry":
        doomed.looked = Place()
        doomed.looked.reached.set()
        met = meet(stands, at_end_of(again, stands), settling(*function))
    else:
        if where != "looked":
            doomed.looked = Place()
            doomed.looked.reached.set()
        met = meet(stands, settling(*function), again)
    assert not [each for each in met if isinstance(each, Exception)], met
    crew().work()
    assert handle.result() == ["first", 1, "last"]
    assert entered.count("first") == entered.count("last") == 1
    assert outcomes(step) == ["failed", "succeeded"]
    sound()


@pytest.mark.parametrize("where", ["looked", "retry"])
def test_a_step_is_retried_while_its_workflow_catches_its_failure(
    where: str, compose: Any, moody: Any, note: Any, crew: Any, entered: list[Any]
):
    @compose("stage-catches")
    def act() -> Any:
        failing = moody.start(n=1, step="moody")
        wait_for("go")
        try:
            return failing.result()
        except StepFailed:
            note("caught")
            looked.stand()
            return "caught"

    looked = Place()
    handle = act.invoke()
    crew().work()
    emit(handle.id, "go")
    (function,) = take(crew, handle)
    moody.bad = False
    again = lambda: retry(step_of(handle, "moody"), actor=ALICE, reason="mended")  # noqa: E731
    if where == "looked":
        met = meet(looked, settling(*function), again)
    else:
        stands = Place()
        looked.reached.set()
        met = meet(stands, at_end_of(again, stands), settling(*function))
    assert not [each for each in met if isinstance(each, Exception)], met
    crew().work()
    assert handle.result() == 1 and tree(handle) == {"moody": "succeeded"}
    sound()


# Others who hold the workflow's row


def test_an_outside_step_that_returned_is_not_entered_again_because_its_record_had_to_wait_too_long(
    compose: Any, declare: Any, crew: Any, entered: list[Any]
):
    """I-12: the workflow's row may be held for longer than a worker waits; what is known of the step is kept."""

    @declare("stage-call-out", effects="external")
    def call_out() -> str:
        entered.append("out")
        rows("SET LOCAL lock_timeout = '20ms'") if act.touches else None
        return "sent"

    @compose("stage-calls")
    def act() -> Any:
        return call_out()

    for touches, ends in ((False, "succeeded"), (True, "in_doubt")):
        act.touches = touches
        entered.clear()
        handle = act.invoke()
        once(crew)
        (step,) = take(crew, step_of(handle, "stage-call-out"))
        stands, go = Place(), threading.Event()

        def settle_impatiently(step: Any = step) -> None:
            rows("SET lock_timeout = '20ms'")
            step[0].settle(step[1])

        later = Elsewhere(settle_impatiently, go)
        holder = Elsewhere(at_end_of(lambda h=handle: emit(h.id, "slow"), stands))
        assert stands.reached.wait(PATIENCE)
        go.set()
        with session() as looker:
            until = time.monotonic() + PATIENCE
            while not entered or looker.execute(WAITING).fetchone() == (0,):
                assert time.monotonic() < until
        time.sleep(0.1)
        stands.go.set()
        holder.outcome(), later.outcome()
        assert (entered, tree(handle)) == (["out"], {"stage-call-out": ends})
        assert outcomes(step_of(handle, "stage-call-out")) == [ends]
