"""How a workflow function asks for steps: calls, starts, references at any depth, results in their types."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from actions import Context, StepFailed, gather
from actions.engine.operate import pause
from actions.engine.workflows import entry
from tests.engine.steps import hold, release
from tests.stage import ALICE, column, columns, outcomes, rows, step_of, tree, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")


class Line(BaseModel):
    """Part of a result."""

    article: str
    price: Decimal


class Order(BaseModel):
    """A result of many types."""

    placed: datetime
    lines: list[Line]
    note: str | None = None


@pytest.fixture
def order(declare: Any) -> Any:
    @declare("stage-order")
    def act(note: str = "none") -> Order:
        line = Line(article="tea", price=Decimal("1.10"))
        return Order(placed=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), lines=[line, line], note=note)

    return act


@pytest.fixture
def echo(declare: Any, ran: list[Any]) -> Any:
    @declare("stage-echo")
    def act(value: Any, other: Any = None) -> Any:
        ran.append(value)
        return value

    return act


def test_positional_arguments_and_defaults_are_the_handlers_own(compose: Any, crew: Any, add: Any, ran: list[Any]):
    @compose("stage-positional")
    def positional() -> list[int]:
        return [add(1)["sum"], add(1, 2)["sum"], add(1, b=3)["sum"], add(b=4, a=1)["sum"]]

    handle = positional.invoke()
    crew().work()
    assert handle.result() == [1, 3, 4, 5]
    assert ran == [(1, 0), (1, 2), (1, 3), (1, 4)]
    assert column(step_of(handle, "stage-add"), "params") == {"a": 1}


def test_too_many_arguments_fail_the_workflow_and_leave_no_step(compose: Any, crew: Any, add: Any):
    @compose("stage-too-many")
    def too_many() -> None:
        add(1, 2, 3)

    handle = too_many.invoke()
    crew().work()
    assert handle.status == "failed" and "takes 2 params, 3 were given" in handle.error["message"]
    assert tree(handle) == {}


@pytest.mark.parametrize("how", ["called", "started", "referred to"])
def test_models_decimals_and_moments_come_back_in_their_types(
    how: str, compose: Any, declare: Any, crew: Any, order: Any
):
    seen: list[Any] = []

    @declare("stage-check")
    def check(whole: Order, price: Decimal, placed: datetime) -> str:
        seen.append((whole.lines[0].price, price, placed))
        return f"{price} {placed.year}"

    @compose("stage-types")
    def types() -> str:
        if how == "referred to":
            made = order.start()
            return check.start(whole=made, price=made["lines"][1]["price"], placed=made["placed"]).result()
        made = order() if how == "called" else order.start().result()
        assert isinstance(made, Order)
        return check(made, made.lines[1].price, made.placed)

    handle = types.invoke()
    crew().work()
    assert handle.result() == "1.10 2026"
    assert seen == [(Decimal("1.10"), Decimal("1.10"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))]


def test_references_stand_at_any_depth_of_params(compose: Any, crew: Any, echo: Any, ran: list[Any]):
    @compose("stage-depth")
    def depth() -> Any:
        source = echo.start(value={"x": [{"y": 7}, {"y": [8, 9]}], "z": None}, step="source")
        return echo.start(
            value={
                "deep": source["x"][0]["y"], "list": [1, source["x"][1]["y"], {"in": (source["x"][1]["y"][-1], 2)}],
                "none": source["z"],
            },
            other=source,
        )  # fmt: skip

    handle = depth.invoke()
    crew().work()
    assert handle.result() == {"deep": 7, "list": [1, [8, 9], {"in": [9, 2]}], "none": None}
    assert column(step_of(handle, "stage-echo"), "params")["value"]["deep"] == {
        "$step": "source", "path": ["x", 0, "y"],
    }  # fmt: skip


def test_keys_of_a_dict_that_are_no_strings_take_references_too(compose: Any, crew: Any, declare: Any, add: Any):
    @declare("stage-by-number")
    def by_number(values: dict[int, int]) -> int:
        return sum(key * part for key, part in values.items())

    @compose("stage-keys")
    def keys() -> Any:
        first = add.start(a=5)
        return by_number.start(values={1: first["sum"], 10: 2})

    handle = keys.invoke()
    crew().work()
    assert handle.result() == 25


def test_a_param_that_looks_like_a_reference_is_none(compose: Any, crew: Any, echo: Any, add: Any):
    looks = {"$step": "stage-add", "path": ["sum"]}

    @compose("stage-pretender")
    def pretender() -> Any:
        add.start(a=5)
        return echo.start(value=looks)

    handle = pretender.invoke()
    crew().work()
    assert handle.result() == looks


def test_a_reference_to_what_is_not_there_fails_the_step_that_needs_it(compose: Any, crew: Any, echo: Any):
    @compose("stage-nowhere")
    def nowhere() -> Any:
        source = echo.start(value={"x": 1}, step="source")
        return echo.start(value=source["y"]["z"])

    handle = nowhere.invoke()
    crew().work()
    assert tree(handle) == {"source": "succeeded", "stage-echo": "failed"}
    error = column(step_of(handle, "stage-echo"), "error")
    assert error["code"] == "invalid_params" and "['y']['z']" in error["message"]
    assert handle.status == "failed" and handle.error["step"] == "stage-echo"


def test_a_result_of_the_wrong_type_fails_the_step_that_takes_it(
    compose: Any, crew: Any, echo: Any, add: Any, ran: list[Any]
):
    @compose("stage-misfit")
    def misfit() -> Any:
        return add.start(a=echo.start(value="text"))

    handle = misfit.invoke()
    crew().work()
    assert column(step_of(handle, "stage-add"), "error")["code"] == "invalid_params"
    assert ran == ["text"]


def test_futures_and_references_may_be_returned_at_any_depth(compose: Any, crew: Any, echo: Any, add: Any):
    @compose("stage-returns")
    def returns() -> Any:
        first, second = add.start(a=1), echo.start(value=[{"n": 2}])
        return {"a": first, "b": [second[0]["n"], (first["sum"], 3)], "c": {"d": second}}

    handle = returns.invoke()
    crew().work()
    assert handle.result() == {"a": {"sum": 1}, "b": [2, [1, 3]], "c": {"d": [{"n": 2}]}}


def test_gather_takes_futures_lists_of_them_and_nothing(compose: Any, crew: Any, call_out: Any):
    @compose("stage-gathers")
    def gathers() -> Any:
        one = call_out.start(n=1)
        return [gather(), gather(one), gather(one, [call_out.start(n=n) for n in (2, 3)], (one,))]

    handle = gathers.invoke()
    crew().work()
    assert handle.result() == [[], [10], [10, 20, 30, 10]]


def test_gather_tells_of_every_failure_at_once(compose: Any, crew: Any, moody: Any, add: Any):
    """A function that catches what gather raises has gone on past all of them."""

    @compose("stage-catches-all")
    def catches_all() -> Any:
        futures = [moody.start(n=1), add.start(a=1), moody.start(n=2)]
        try:
            gather(futures)
        except StepFailed as error:
            return error.step
        return None

    handle = catches_all.invoke()
    crew().work()
    assert handle.result() == "stage-moody"
    assert tree(handle) == {"stage-moody": "failed", "stage-add": "succeeded", "stage-moody#2": "failed"}


def test_loops_conditions_and_finally_are_pythons_own(compose: Any, crew: Any, add: Any, call_out: Any, moody: Any):
    @compose("stage-control")
    def control(limit: int) -> dict[str, Any]:
        total, rounds = 0, 0
        while total < limit:
            total = add(total, call_out(rounds + 1))["sum"]
            rounds += 1
        try:
            if rounds % 2:
                moody(rounds)
        except StepFailed:
            total = -total
        finally:
            add(total, 100)
        return {"total": total, "rounds": rounds}

    handle = control.invoke(limit=50)
    crew().work()
    assert handle.result() == {"total": -60, "rounds": 3}
    assert outcomes(handle) == ["suspended", "suspended", "suspended", "succeeded"]
    assert verbs(step_of(handle, "stage-add#4")) == ["accepted", "started", "succeeded"]


def test_a_fan_out_over_a_list_that_a_step_returned(compose: Any, crew: Any, echo: Any, call_out: Any):
    @compose("stage-fan-out")
    def fan_out() -> int:
        return sum(gather(call_out.start(n=n) for n in echo.start(value=[1, 2, 3, 4]).result()))

    handle = fan_out.invoke()
    crew().work()
    assert handle.result() == 100 and len(tree(handle)) == 5


def test_workflows_are_steps_called_and_started(compose: Any, crew: Any, add: Any, call_out: Any):
    @compose("stage-leaf")
    def leaf(n: int) -> int:
        return add(call_out(n), 1)["sum"]

    @compose("stage-branch")
    def branch(n: int) -> dict[str, int]:
        return {"both": leaf(n) + leaf.start(n=n + 1).result()}

    @compose("stage-root")
    def root() -> int:
        first, second = branch.start(n=1), branch.start(n=10)
        return add(leaf.start(n=first["both"]).result(), branch(100)["both"] + second.result()["both"])["sum"]

    handle = root.invoke()
    crew().work()
    assert handle.result() == (32 * 10 + 1) + 2012 + 212
    branched = step_of(handle, "stage-branch")
    assert tree(branched) == {"stage-leaf": "succeeded", "stage-leaf#2": "succeeded"}
    assert columns(branched)["actor_id"] == handle.id


def test_time_chance_and_ids_are_the_same_at_every_entry(compose: Any, crew: Any, call_out: Any):
    seen: list[tuple[Any, ...]] = []

    @compose("stage-remembers")
    def remembers(context: Context) -> list[str]:
        drawn = (context.now(), context.random(), context.uuid(), context.random(), context.uuid())
        seen.append(drawn)
        call_out(1)
        later = context.now()
        call_out(2)
        return [str(drawn[2]), later.isoformat(), context.now().isoformat()]

    handle, other = remembers.invoke(), remembers.invoke()
    crew().work()
    assert len(seen) == 6 and len(set(seen)) == 2
    first = seen[0]
    assert first[1] != first[3] and first[2] != first[4] and isinstance(first[2], UUID) and 0 <= first[1] < 1
    assert first[0].tzinfo is not None
    moments = [first[0].isoformat() if str(first[2]) == handle.result()[0] else "", *handle.result()[1:]]
    assert sorted(moments) == moments and len(set(moments)) >= 2
    assert other.result()[0] != handle.result()[0]


def test_more_calls_than_fit_one_transaction_take_more_entries(compose: Any, crew: Any, mark: Any, settings: Any):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "GROUP_SIZE": 4}

    @compose("stage-long")
    def long() -> list[str]:
        return [mark(str(n)) for n in range(20)]

    handle = long.invoke()
    crew().work()
    assert handle.result() == [str(n) for n in range(20)]
    assert 1 < len(outcomes(handle)) < 20
    assert [row[0] for row in rows("SELECT note FROM app_effect ORDER BY id")] == handle.result()


def test_a_step_of_another_queue_waits_for_that_queues_workers(compose: Any, declare: Any, crew: Any):
    @declare("stage-aside", queue="other")
    def aside() -> str:
        return "done"

    @compose("stage-queues")
    def queues() -> str:
        return aside()

    handle = queues.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "waiting" and column(step_of(handle, "stage-aside"), "queue") == "other"
    worker.work("other")
    assert handle.status == "queued"
    worker.work()
    assert handle.result() == "done"


@pytest.mark.parametrize("what", ["action", "queue"])
def test_a_paused_step_suspends_its_workflow_until_it_is_resumed(what: str, compose: Any, crew: Any, mark: Any):
    @compose("stage-pausing", queue="flows")
    def pausing() -> str:
        return mark("x")

    worker = crew()
    if what == "action":
        hold("stage-mark")
    else:
        pause.pause_queue("default", actor=ALICE, reason="a test")
    handle = pausing.invoke()
    worker.work("flows")
    worker.work()
    assert handle.status == "waiting" and tree(handle) == {"stage-mark": "queued"}
    if what == "action":
        release("stage-mark")
    else:
        pause.resume_queue("default", actor=ALICE, reason="a test")
    worker.work()
    worker.work("flows")
    assert handle.result() == "x" and len(rows("SELECT 1 FROM app_effect")) == 1


def test_a_limited_step_takes_its_turn(compose: Any, declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=1)
    def limited(n: int) -> int:
        return n

    @compose("stage-limits")
    def limits() -> list[int]:
        return [limited(1), *gather(limited.start(n=n) for n in (2, 3))]

    handle = limits.invoke()
    worker = crew()
    worker.settle(worker.claim())
    held = worker.claim()
    assert [claim.action for claim in held] == ["stage-limited"] and crew().claim() == []
    worker.settle(held)
    worker.work()
    assert handle.result() == [1, 2, 3]


def test_a_workflow_has_at_most_ten_thousand_steps(compose: Any, crew: Any, add: Any, monkeypatch: Any):
    assert entry.MOST_STEPS == 10_000
    monkeypatch.setattr(entry, "MOST_STEPS", 5)

    @compose("stage-endless")
    def endless() -> None:
        n = 0
        while True:
            add(n)
            n += 1

    handle = endless.invoke()
    crew().work()
    assert handle.status == "failed" and handle.error["code"] == "too_many_steps"
    assert len(tree(handle)) == 5
