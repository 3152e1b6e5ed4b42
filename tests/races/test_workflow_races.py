"""Workflows: steps that end, functions that suspend, events and timers against each other, in both orders."""

from collections.abc import Callable
from typing import Any

import pytest

from actions import EventTimeout, emit, wait_for
from actions.engine.maintain import redispatch
from tests.races.interleaving import Place, at_end_of, both_held, meet, once, settling, sound, standing_settle, take
from tests.stage import all_at_once, key_of, outcomes, rows, step_of, tree, value, verbs

pytestmark = pytest.mark.usefixtures("engine")

# Two last prerequisites


@pytest.mark.parametrize("order", [("left", "right"), ("right", "left")])
@pytest.mark.parametrize("where", ["advance.locked", "advance.moved", "settle.updated"])
def test_two_last_prerequisites_end_at_once(
    where: str, order: tuple[str, str], fan_in: Any, crew: Any, place: Any, entered: list[Any]
):
    handle = fan_in.invoke()
    once(crew)
    one, two = take(crew, *(step_of(handle, key) for key in order))
    assert meet(place(where), settling(*one), settling(*two)) == [None, None]
    assert tree(handle) == {"left": "succeeded", "right": "succeeded", "last": "queued"}
    assert verbs(step_of(handle, "last")) == ["accepted", "unblocked"]
    crew().work()
    assert handle.result() == "last" and entered.count("last") == 1
    sound()


@pytest.mark.parametrize("where", ["advance.locked", "settle.updated"])
def test_one_prerequisite_fails_while_the_other_ends(
    where: str, compose: Any, crew: Any, place: Any, note: Any, moody: Any
):
    @compose("stage-fan-in")
    def act() -> Any:
        left, right = note.start(n="left", step="left"), moody.start(step="right")
        return note.start(n="last", after=[left, right], step="last")

    for order in (("left", "right"), ("right", "left")):
        handle = act.invoke()
        once(crew)
        one, two = take(crew, *(step_of(handle, key) for key in order))
        assert meet(place(where), settling(*one), settling(*two)) == [None, None]
        assert tree(handle) == {"left": "succeeded", "right": "failed", "last": "skipped"}
        crew().work()
        assert handle.status == "failed"
    sound()


# A workflow suspends while what it waits for comes


@pytest.mark.parametrize(
    ("first", "where"),
    [
        *(("function", where) for where in ("looked", "advance.locked", "steps.recorded", "settle.updated")),
        *(("step", where) for where in ("advance.locked", "advance.moved", "settle.updated")),
    ],
)
def test_a_workflow_suspends_while_its_step_ends(
    where: str, first: str, waiting_for_step: Any, crew: Any, place: Any, entered: list[Any]
):
    handle, function, step = both_held(waiting_for_step, crew)
    sides = [settling(*function), settling(*step)]
    if where == "looked":
        stands = waiting_for_step.looked = Place()
    else:
        stands = place(where)
    assert meet(stands, *(sides if first == "function" else sides[::-1])) == [None, None]
    assert (tree(handle), handle.status) == ({"step": "succeeded"}, "queued")
    crew().work()
    assert handle.result() == "step" and entered.count("step") == 1
    assert outcomes(handle) in (["suspended"] * 2 + ["succeeded"], ["suspended", "succeeded"])
    sound()


@pytest.mark.parametrize("order", [1, -1])
def test_a_workflow_and_the_step_that_it_waits_for_in_one_group(
    order: int, waiting_for_step: Any, crew: Any, entered: list[Any]
):
    handle = waiting_for_step.invoke()
    once(crew)
    emit(handle.id, "go")
    worker = crew()
    claims = sorted(worker.claim(), key=lambda claim: claim.id)[::order]
    assert len(claims) == 2
    worker.settle(claims)
    assert (tree(handle), handle.status) == ({"step": "succeeded"}, "queued")
    worker.work()
    assert handle.result() == "step" and entered.count("step") == 1
    sound()


@pytest.fixture
def waiting_for_event(compose: Any, entered: list[Any]) -> Any:
    @compose("stage-review")
    def act() -> Any:
        entered.append("function")
        act.looked.stand()
        return wait_for("review")

    act.looked = Place()
    act.looked.reached.set()
    return act


@pytest.mark.parametrize("where", ["looked", "advance.locked", "settle.updated", "emit.stored"])
def test_a_workflow_suspends_while_its_event_comes(
    where: str, waiting_for_event: Any, crew: Any, place: Any, entered: list[Any]
):
    handle = waiting_for_event.invoke()
    (function,) = take(crew, handle)
    stands = waiting_for_event.looked = place(where) if where != "looked" else Place()
    if where != "looked":
        waiting_for_event.looked = Place()
        waiting_for_event.looked.reached.set()
    sides = [settling(*function), lambda: emit(handle.id, "review", {"ok": 1})]
    assert meet(stands, *(sides[::-1] if where == "emit.stored" else sides)) == [None, None]
    assert handle.status in {"queued", "succeeded"}
    crew().work()
    assert handle.result() == {"ok": 1} and len(entered) <= 2
    assert value("SELECT count(*) FROM actions_externalevent WHERE taken_by = 'wait:review'") == 1
    sound()


def test_the_same_event_told_by_many_at_once_is_kept_once(waiting_for_event: Any, crew: Any):
    handle = waiting_for_event.invoke()
    worker = crew()
    worker.work()
    assert all_at_once([lambda: emit(handle.id, "review", 7, idempotency_key="mail-1")] * 10) == [None] * 10
    assert (value("SELECT count(*) FROM actions_externalevent"), verbs(handle).count("emitted")) == (1, 1)
    worker.work()
    assert handle.result() == 7
    sound()


# The timer, a step's end, an event


@pytest.fixture
def patient(compose: Any, note: Any, entered: list[Any]) -> Any:
    """Waits for an event, at most as long as it takes; a step runs beside it."""

    @compose("stage-patient")
    def act() -> Any:
        future = note.start(n="step", step="step")
        entered.append("function")
        try:
            told = wait_for("review", timeout=3600)
        except EventTimeout:
            told = "late"
        return [told, future.result()]

    return act


@pytest.mark.parametrize("first", ["timer", "emit"])
def test_the_timer_against_an_event(first: str, patient: Any, crew: Any, place: Any, entered: list[Any]):
    """The event was there before the function looked: it is what the wait returns, and the function is entered once."""
    handle = patient.invoke()
    worker = crew()
    worker.work()
    rows("UPDATE actions_execution SET wake_at = now() WHERE status = 'waiting'")
    stands = Place()
    sides = [redispatch, lambda: emit(handle.id, "review", "in time")]
    if first == "emit":
        sides.reverse()
    meet(stands, at_end_of(sides[0], stands), sides[1])
    assert handle.status == "queued" and verbs(handle).count("resumed") + verbs(handle).count("emitted") in {1, 2}
    assert worker.work() == 1
    assert handle.result() == ["in time", "step"] and entered.count("function") == 2
    assert verbs(handle).count("started") == 2
    sound()


@pytest.mark.parametrize("first", ["timer", "step"])
def test_the_timer_against_a_steps_end(first: str, compose: Any, crew: Any, note: Any, entered: list[Any]):
    @compose("stage-timed", timeout=3600)
    def act() -> Any:
        entered.append("function")
        return note.start(n="step", step="step").result()

    handle = act.invoke()
    once(crew)
    (step,) = take(crew, step_of(handle, "step"))
    rows("UPDATE actions_execution SET wake_at = now() WHERE status = 'waiting'")
    stands = Place()
    sides: list[Callable[[], Any]] = [redispatch, settling(*step)]
    if first == "step":
        sides.reverse()
        advance_place = stands
        sides[0] = standing_settle(step, advance_place)
        meet(stands, sides[0], sides[1])
    else:
        meet(stands, at_end_of(sides[0], stands), sides[1])
    assert (handle.status, verbs(handle).count("resumed")) == ("queued", 1)
    assert crew().work() == 1
    assert handle.result() == "step" and entered.count("function") == 2
    sound()


def test_an_ending_and_what_it_moves_are_one_transaction(fan_in: Any, crew: Any):
    handle = fan_in.invoke()
    once(crew)
    last = step_of(handle, "last")
    told = "SELECT xmin::text FROM actions_auditentry WHERE execution_id = %s AND verb = %s"
    assert rows(told, key_of(handle), "execution.suspended") == rows(told, key_of(last), "execution.accepted")
    for key in ("left", "right"):
        worker = crew()
        rows("UPDATE actions_execution SET available_at = now() + interval '1 hour' WHERE status = 'queued'")
        rows("UPDATE actions_execution SET available_at = now() WHERE id = %s", key_of(step_of(handle, key)))
        worker.settle(worker.claim())
    right = key_of(step_of(handle, "right"))
    assert rows(told, key_of(last), "execution.unblocked") == rows(told, right, "execution.succeeded")
    worker.work()
    assert rows(told, key_of(handle), "execution.resumed") == rows(told, key_of(last), "execution.succeeded")


# Groups


@pytest.mark.parametrize("turns", range(3))
def test_groups_with_steps_of_two_workflows_in_opposite_order(turns: int, fan_in: Any, crew: Any, place: Any):
    """No deadlock: whoever comes second waits, and both groups are settled at the first go."""
    one, two = fan_in.invoke(), fan_in.invoke()
    once(crew)
    held = take(crew, *(step_of(run, key) for key in ("left", "right") for run in (one, two)))
    left, right = held[:2], held[2:]
    mine, other = left[0][0], right[0][0]
    for worker, pair in ((mine, left), (other, right)):
        for _, claims in pair:
            rows("UPDATE actions_execution SET worker_id = %s WHERE id = %s", worker.worker, claims[0].id)
    ours = [claims[0] for _, claims in left]
    theirs = [claims[0] for _, claims in right][::-1]
    where = ("advance.locked", "advance.moved", "settle.updated")[turns]
    deadlocks = value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert meet(place(where), settling(mine, ours), settling(other, theirs)) == [None, None]
    for run in (one, two):
        assert tree(run) == {"left": "succeeded", "right": "succeeded", "last": "queued"}
    crew().work()
    assert [one.result(), two.result()] == ["last", "last"]
    rows("SELECT pg_stat_force_next_flush()")
    assert value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == deadlocks
    sound()
