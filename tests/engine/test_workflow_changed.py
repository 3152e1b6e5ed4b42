"""Changed code meets an old execution: it is told, and nothing is run or kept."""

from typing import Any

import pytest

from actions import Context, emit, gather, wait_for
from actions.engine.operate.retry import retry
from tests.engine.steps import hold, release
from tests.stage import ALICE, outcomes, rows, step_of, tree, value

pytestmark = pytest.mark.usefixtures("engine", "audited")
_MEMORY = "SELECT execution_id, key, value::text FROM actions_memory ORDER BY 1, 2"
_STEPS = "SELECT step, status, consumed FROM actions_execution WHERE parent_id IS NOT NULL ORDER BY id"


@pytest.fixture
def double(declare: Any, ran: list[Any]) -> Any:
    @declare("stage-double")
    def act(a: int) -> int:
        ran.append(("double", a))
        return 2 * a

    return act


def test_other_params_under_a_known_key(compose: Any, crew: Any, add: Any, call_out: Any, ran: list[Any]):
    @compose("stage-versions")
    def old() -> int:
        return add(call_out(1), 1)["sum"]

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())

    @compose("stage-versions")
    def new() -> int:
        return add(call_out(n=2), 1)["sum"]

    worker.work()
    assert handle.status == "failed" and handle.error["code"] == "workflow_changed"
    message = handle.error["message"]
    assert "step stage-call-out" in message and step_of(handle, "stage-call-out") in message
    assert 'stage-call-out {"n": 1}' in message and 'stage-call-out {"n":2}' in message
    assert ran == [1] and outcomes(handle) == ["suspended", "failed"]

    compose("stage-versions")(old.handler)
    retry(handle.id, actor=ALICE, reason="the old code is back")
    worker.work()
    assert handle.result() == 11 and ran == [1, (10, 1)]


def test_another_action_under_a_known_key(compose: Any, crew: Any, add: Any, double: Any, call_out: Any):
    @compose("stage-actions")
    def old() -> Any:
        return [add.start(a=1, step="first").result(), call_out(1)]

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())

    @compose("stage-actions")
    def new() -> Any:
        return [double.start(a=1, step="first").result(), call_out(1)]

    worker.work()
    assert handle.error["code"] == "workflow_changed"
    assert 'stage-add {"a": 1}' in handle.error["message"] and 'stage-double {"a":1}' in handle.error["message"]


def test_nothing_of_the_changed_entry_is_run_or_kept(
    compose: Any, crew: Any, add: Any, double: Any, moody: Any, mark: Any, call_out: Any, ran: list[Any]
):
    """Neither steps in line before the change is met, nor starts, nor memory, nor events, nor failures gone past."""

    @compose("stage-kept")
    def old() -> Any:
        gather(call_out.start(n=1))
        return add(1)

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())
    emit(handle.id, "news", {"n": 1})
    before = rows(_MEMORY), rows(_STEPS)

    @compose("stage-kept")
    def new(context: Context) -> Any:
        context.now()
        wait_for("news")
        mark("new code")
        double.start(a=1)
        try:
            moody(1)
        except Exception:
            double(2)
        return call_out(2)

    worker.work()
    assert handle.error["code"] == "workflow_changed"
    assert (rows(_MEMORY), [(key, consumed) for key, _, consumed in rows(_STEPS)]) == (
        before[0],
        [("stage-call-out", False)],
    )
    assert value("SELECT count(*) FROM app_effect") == 0
    assert value("SELECT count(*) FROM actions_externalevent WHERE taken_by IS NOT NULL") == 0

    compose("stage-kept")(old.handler)
    retry(handle.id, actor=ALICE, reason="the old code is back")
    worker.work()
    assert handle.result() == {"sum": 1} and set(tree(handle).values()) == {"succeeded"}


def test_a_change_met_without_steps_in_line_keeps_nothing_either(compose: Any, crew: Any, moody: Any, call_out: Any):
    @compose("stage-unkept")
    def old() -> Any:
        return gather(moody.start(n=1), call_out.start(n=1))

    hold("stage-call-out")
    handle = old.invoke()
    worker = crew()
    worker.work()
    emit(handle.id, "news")
    release("stage-call-out")

    @compose("stage-unkept")
    def new(context: Context) -> Any:
        context.now()
        wait_for("news")
        try:
            moody.start(n=1).result()
        except Exception:
            return call_out.start(n=2).result()

    worker.work()
    assert handle.error["code"] == "workflow_changed"
    assert rows(_MEMORY) == []
    assert value("SELECT count(*) FROM actions_externalevent WHERE taken_by IS NOT NULL") == 0
    compose("stage-unkept")(old.handler)
    moody.bad = False
    retry(handle.id, actor=ALICE, reason="the old code is back")
    worker.work()
    assert handle.result() == [1, 10]


def test_a_changed_entry_swallowed_by_the_function_is_told_all_the_same(
    compose: Any, crew: Any, call_out: Any, add: Any, ran: list[Any]
):
    @compose("stage-hides")
    def old() -> Any:
        return call_out(1)

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())

    @compose("stage-hides")
    def new() -> Any:
        try:
            return call_out(2)
        except BaseException:
            return add(1)

    worker.work()
    assert handle.error["code"] == "workflow_changed" and ran == [1]


def test_its_neighbours_in_the_group_lose_nothing(compose: Any, crew: Any, call_out: Any, mark: Any):
    @compose("stage-neighbour")
    def neighbour(n: int) -> str:
        return mark(f"neighbour {n}")

    @compose("stage-changing")
    def old() -> Any:
        return call_out(1)

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())

    @compose("stage-changing")
    def new() -> Any:
        mark("changed")
        return call_out(2)

    others = [neighbour.invoke(n=n) for n in range(3)]
    worker.work()
    assert handle.error["code"] == "workflow_changed"
    assert [other.result() for other in others] == [f"neighbour {n}" for n in range(3)]
    assert sorted(row[0] for row in rows("SELECT note FROM app_effect")) == [f"neighbour {n}" for n in range(3)]


def test_new_steps_behind_the_old_ones_are_no_change(compose: Any, crew: Any, add: Any, call_out: Any, ran: list[Any]):
    @compose("stage-longer")
    def old() -> Any:
        return add(call_out(1))["sum"]

    handle = old.invoke()
    worker = crew()
    worker.settle(worker.claim())

    @compose("stage-longer")
    def new() -> Any:
        return add(add(call_out(1))["sum"], 5)["sum"]

    worker.work()
    assert handle.result() == 15 and ran == [1, (10, 0), (10, 5)]


def test_code_that_forgets_an_open_step_waits_for_it(compose: Any, crew: Any, call_out: Any, ran: list[Any]):
    @compose("stage-forgets")
    def old() -> Any:
        other = call_out.start(n=2, step="other")
        return [call_out(1), other]

    hold("stage-call-out")
    handle = old.invoke()
    worker = crew()
    worker.work()

    @compose("stage-forgets")
    def new() -> Any:
        return [call_out(1)]

    release("stage-call-out")
    worker.work()
    assert handle.result() == [10] and sorted(ran) == [1, 2]


def test_a_failed_change_does_not_undo(compose: Any, crew: Any, book: Any, call_out: Any, ran: list[Any]):
    """The old code may come back; until then nothing is decided."""

    @compose("stage-undecided", on_failure="compensate")
    def old() -> Any:
        book("flight")
        return call_out(1)

    handle = old.invoke()
    worker = crew()
    while tree(handle).get("stage-call-out") != "succeeded":
        worker.settle(worker.claim())

    @compose("stage-undecided", on_failure="compensate")
    def new() -> Any:
        book("flight")
        return call_out(2)

    worker.work()
    assert handle.error["code"] == "workflow_changed" and ran == ["book flight", 1]
    compose("stage-undecided", on_failure="compensate")(old.handler)
    retry(handle.id, actor=ALICE, reason="the old code is back")
    worker.work()
    assert handle.result() == 10
