"""A workflow is cancelled while its steps end, start, are tried again or lost, in both orders."""

from typing import Any

import pytest

from actions import emit, gather, wait_for
from actions.engine import rescue
from actions.engine.operate.cancel import cancel
from tests.races.interleaving import (
    Place,
    at_end_of,
    both_held,
    meet,
    once,
    settling,
    sound,
    take,
)
from tests.stage import (
    ALICE,
    outcomes,
    step_of,
    tree,
)

pytestmark = pytest.mark.usefixtures("engine")

# Cancel


@pytest.mark.parametrize("where", ["advance.locked", "settle.updated", "cancel"])
def test_a_workflow_is_cancelled_while_its_last_prerequisites_end(
    where: str, fan_in: Any, crew: Any, place: Any, entered: list[Any]
):
    handle = fan_in.invoke()
    once(crew)
    left, right = take(crew, *(step_of(handle, key) for key in ("left", "right")))
    left[0].settle(left[1])
    stands = Place() if where == "cancel" else place(where)
    stop = lambda: cancel(handle.id, actor=ALICE, reason="stop")  # noqa: E731
    if where == "cancel":
        meet(stands, at_end_of(stop, stands), settling(*right))
        assert tree(handle) == {"left": "succeeded", "right": "cancelled", "last": "cancelled"}
    else:
        meet(stands, settling(*right), stop)
        assert tree(handle) == {"left": "succeeded", "right": "succeeded", "last": "cancelled"}
    assert handle.status == "cancelled"
    assert crew().work() == 0 and "last" not in entered
    sound()


@pytest.mark.parametrize("where", ["looked", "advance.locked", "steps.recorded", "settle.updated", "cancel"])
def test_a_workflow_is_cancelled_while_it_starts_steps(
    where: str, compose: Any, crew: Any, place: Any, note: Any, entered: list[Any]
):
    @compose("stage-starts")
    def act() -> Any:
        note(n="in line")
        futures = [note.start(n=number, step=f"step-{number}") for number in range(3)]
        looked.stand()
        return gather(futures)

    looked = Place()
    if where != "looked":
        looked.reached.set()
    handle = act.invoke()
    (function,) = take(crew, handle)
    stop = lambda: cancel(handle.id, actor=ALICE, reason="stop")  # noqa: E731
    if where == "cancel":
        stands = Place()
        met = meet(stands, at_end_of(stop, stands), settling(*function))
    else:
        met = meet(looked if where == "looked" else place(where), settling(*function), stop)
    assert not [each for each in met if isinstance(each, Exception)]
    assert handle.status == "cancelled"
    before = {"looked", "cancel"}
    assert set(tree(handle).values()) == (set() if where in before else {"succeeded", "cancelled"})
    assert crew().work() == 0 and not set(entered) & {0, 1, 2}
    sound()


@pytest.mark.parametrize("first", ["inner", "cancel"])
def test_a_sub_workflow_ends_while_its_parent_is_cancelled(first: str, compose: Any, crew: Any, place: Any, note: Any):
    @compose("stage-inner")
    def inner() -> Any:
        wait_for("go")
        return note("in line")

    @compose("stage-outer")
    def outer() -> Any:
        return [inner(), note("behind")]

    handle = outer.invoke()
    crew().work()
    below = step_of(handle, "stage-inner")
    emit(below, "go")
    (function,) = take(crew, below)
    stop = lambda: cancel(handle.id, actor=ALICE, reason="stop")  # noqa: E731
    if first == "inner":
        meet(place("settle.updated"), settling(*function), stop)
        assert tree(handle) == {"stage-inner": "succeeded"}
    else:
        stands = Place()
        meet(stands, at_end_of(stop, stands), settling(*function))
        assert tree(handle) == {"stage-inner": "cancelled"} and tree(below) == {}
    assert handle.status == "cancelled"
    assert crew().work() == 0
    sound()


@pytest.mark.parametrize("first", ["inner", "cancel"])
def test_a_sub_workflow_starts_steps_while_its_parent_is_cancelled(
    first: str, compose: Any, crew: Any, place: Any, note: Any, entered: list[Any]
):
    """What it has stored by then is found, however deep, and cancelled; what it has not is never stored."""

    @compose("stage-inner")
    def inner() -> Any:
        return gather([note.start(n=number, step=f"step-{number}") for number in range(3)])

    @compose("stage-outer")
    def outer() -> Any:
        return inner()

    handle = outer.invoke()
    once(crew)
    below = step_of(handle, "stage-inner")
    (function,) = take(crew, below)
    stop = lambda: cancel(handle.id, actor=ALICE, reason="stop")  # noqa: E731
    if first == "inner":
        meet(place("settle.updated"), settling(*function), stop)
        assert set(tree(below).values()) == {"cancelled"} and len(tree(below)) == 3
    else:
        stands = Place()
        meet(stands, at_end_of(stop, stands), settling(*function))
        assert tree(below) == {}
    assert (handle.status, tree(handle)) == ("cancelled", {"stage-inner": "cancelled"})
    assert crew().work() == 0 and not entered
    sound()


def test_a_detached_step_behind_a_cancelled_one_is_not_blocked_for_ever(compose: Any, crew: Any, note: Any):
    @compose("stage-detaches")
    def act() -> Any:
        first = note.start(n=1, step="first")
        note.start(n=2, after=[first], detached=True, step="behind")
        wait_for("never")

    handle = act.invoke()
    once(crew)
    cancel(handle.id, actor=ALICE, reason="stop")
    assert (handle.status, tree(handle)) == ("cancelled", {"first": "cancelled", "behind": "skipped"})
    sound()


# Rescue


@pytest.mark.parametrize("first", ["rescue", "cancel"])
@pytest.mark.parametrize("lost", ["step", "function"])
def test_a_lost_attempt_is_rescued_while_the_workflow_is_cancelled(
    first: str, lost: str, waiting_for_step: Any, crew: Any, place: Any, short_lease: float, entered: list[Any]
):
    handle, function, step = both_held(waiting_for_step, crew)
    (function if lost == "function" else step)[0].crash()
    stop = lambda: cancel(handle.id, actor=ALICE, reason="stop")  # noqa: E731
    if first == "rescue":
        met = meet(place("rescue.selected"), rescue.rescue, stop)
    else:
        stands = Place()
        met = meet(stands, at_end_of(stop, stands), rescue.rescue)
    assert not [each for each in met if isinstance(each, Exception)], met
    assert (handle.status, tree(handle)) == ("cancelled", {"step": "cancelled"})
    assert crew().work() == 0
    # The lives that were left at work meet the fence.
    (step if lost == "function" else function)[0].settle((step if lost == "function" else function)[1])
    assert (handle.status, tree(handle)) == ("cancelled", {"step": "cancelled"})
    sound()


# Groups


def test_a_group_of_steps_that_are_tried_again_while_their_workflow_is_cancelled(
    compose: Any, declare: Any, crew: Any, place: Any
):
    """Steps that have not ended are under their workflow's lock as well: their group locks them in no order."""

    @declare("stage-again")
    def act(n: int) -> None:
        raise RuntimeError("not yet")

    @compose("stage-many")
    def many() -> Any:
        return gather([act.start(n=number, step=f"step-{number}") for number in range(4)])

    handle = many.invoke()
    once(crew)
    worker = crew()
    claims = worker.claim()
    assert len(claims) == 4
    met = meet(place("advance.locked"), settling(worker, claims), lambda: cancel(handle.id, actor=ALICE, reason="stop"))
    assert not [each for each in met if isinstance(each, Exception)], met
    assert handle.status == "cancelled" and set(tree(handle).values()) == {"cancelled"}
    assert {outcome for key in tree(handle) for outcome in outcomes(step_of(handle, key))} == {"failed"}
    sound()


@pytest.mark.parametrize("alone", [True, False], ids=["the step", "its workflow"])
@pytest.mark.parametrize("ends", ["fails", "lost"])
def test_an_outside_step_that_was_asked_to_stop_is_not_tried_again(
    ends: str, alone: bool, compose: Any, declare: Any, crew: Any, short_lease: float, entered: list[Any]
):
    """It did not look whether it was asked: it fails, or its worker is lost, and that is its end."""

    @declare("stage-deaf", effects="repeatable")
    def deaf() -> None:
        entered.append("deaf")
        raise RuntimeError("no answer")

    @compose("stage-calls")
    def act() -> Any:
        return deaf.start(step="deaf").result()

    handle = act.invoke()
    once(crew)
    ((worker, claims),) = take(crew, step_of(handle, "deaf"))
    cancel(step_of(handle, "deaf") if alone else handle.id, actor=ALICE, reason="stop")
    if ends == "fails":
        worker.settle(claims)
    else:
        worker.freeze()
        worker.crash()
        rescue.rescue()
    assert (tree(handle), handle.status) == ({"deaf": "cancelled"}, "queued" if alone else "cancelled")
    crew().work()
    assert handle.status == ("failed" if alone else "cancelled")
    assert entered.count("deaf") == (1 if ends == "fails" else 0)
    assert outcomes(step_of(handle, "deaf")) == ["failed" if ends == "fails" else "lost"]
    sound()
