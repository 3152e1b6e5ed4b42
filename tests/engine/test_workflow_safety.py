"""What a workflow function may not do, and that what it did all the same leaves nothing behind."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction

from actions import Context, InvalidParams, StepFailed, emit, gather, sleep, wait_for
from actions.engine.operate.retry import retry
from actions.errors import InvalidDefinition, NotInWorkflow
from tests.app import actions as app
from tests.app.models import Effect
from tests.engine.steps import late
from tests.stage import ALICE, outcomes, rows, step_of, tree, value

pytestmark = pytest.mark.usefixtures("engine", "audited")


def test_only_a_workflow_function_starts_steps_and_waits(add: Any, declare: Any, compose: Any, crew: Any):
    for act in (lambda: add.start(a=1), lambda: gather(), lambda: sleep(1), lambda: wait_for("x")):
        with pytest.raises(NotInWorkflow):
            act()

    @declare("stage-inside")
    def inside() -> None:
        add.start(a=1)

    @compose("stage-outside")
    def outside() -> None:
        inside()

    handle = outside.invoke()
    crew().work()
    assert tree(handle) == {"stage-inside": "failed"}
    assert "not_in_workflow" in str(handle.error) or "Only a workflow function" in handle.error["message"]


def test_an_action_called_in_a_handler_is_the_plain_function(add: Any, declare: Any, compose: Any, crew: Any):
    @declare("stage-calls")
    def calls() -> int:
        return add(1, 2)["sum"]

    @compose("stage-plainly")
    def plainly() -> int:
        return calls()

    handle = plainly.invoke()
    crew().work()
    assert handle.result() == 3 and tree(handle) == {"stage-calls": "succeeded"}


_WRITES = {
    "by the ORM": lambda _: Effect.objects.create(execution_id="x", attempt=1),
    "by SQL": lambda _: rows("INSERT INTO app_effect (execution_id, attempt, note, at) VALUES ('x', 1, '', now())"),
    "a lock": lambda _: rows("SELECT 1 FROM app_effect FOR UPDATE"),
    "invoke": lambda add: add.invoke(a=1),
    "invoke_many": lambda add: add.invoke_many([{"a": 1}]),
    "emit": lambda _: emit("exec_x", "event"),
}


@pytest.mark.parametrize("how", _WRITES)
def test_a_function_that_writes_is_refused_and_leaves_nothing(
    how: str, compose: Any, crew: Any, add: Any, ran: list[Any]
):
    @compose("stage-writes")
    def writes() -> None:
        add.start(a=1)
        add(2)
        _WRITES[how](add)

    handle = writes.invoke()
    crew().work()
    assert handle.status == "failed" and handle.error["code"] == "workflow_writes"
    assert value("SELECT count(*) FROM app_effect") == 0
    # What ran in line before is a step that is done; what was only begun is not.
    assert tree(handle) == {"stage-add#2": "succeeded"} and ran == [(2, 0)]
    assert value("SELECT count(*) FROM actions_execution") == 2


def test_a_write_whose_refusal_is_swallowed_is_no_write(compose: Any, crew: Any, add: Any):
    @compose("stage-stubborn")
    def stubborn() -> int:
        with suppress(Exception):
            Effect.objects.create(execution_id="x", attempt=1)
        return add(1)["sum"]

    handle = stubborn.invoke()
    crew().work()
    assert handle.status in {"succeeded", "failed"} and value("SELECT count(*) FROM app_effect") == 0


def test_a_function_may_read(compose: Any, crew: Any, mark: Any):
    @compose("stage-reads")
    def reads() -> list[int]:
        before = Effect.objects.count()
        mark("one")
        between = len(rows("SELECT 1 FROM app_effect"))
        with transaction.atomic():
            inside = Effect.objects.filter(note="one").count()
        mark("two")
        return [before, between, inside, Effect.objects.count()]

    handle = reads.invoke()
    crew().work()
    assert handle.result() == [0, 1, 1, 2]


@pytest.mark.parametrize("how", ["called", "started", "waited for"])
def test_nothing_of_the_platform_spans_a_transaction_of_the_function(
    how: str, compose: Any, crew: Any, mark: Any, call_out: Any
):
    @compose("stage-spanning")
    def spanning() -> None:
        with transaction.atomic():
            Effect.objects.count()
            if how == "called":
                mark("x")
            elif how == "started":
                call_out.start(n=1).result()
            else:
                wait_for("x")

    handle = spanning.invoke()
    worker = crew()
    worker.work()
    assert value("SELECT count(*) FROM app_effect") == 0
    assert not connection.in_atomic_block
    if how == "started":
        assert handle.status in {"succeeded", "failed"}
    else:
        assert handle.status == "failed" and handle.error["code"] == "workflow_writes" and tree(handle) == {}


def _returns_text() -> Any:
    return "no number"


def _raises() -> Any:
    raise ValueError("made of what was swallowed")


def _nothing() -> None:
    return None


@pytest.mark.parametrize("then", [_nothing, _returns_text, _raises])
@pytest.mark.parametrize("wait", ["step", "event", "sleep"])
def test_a_suspension_that_is_swallowed_suspends_all_the_same(
    wait: str, then: Any, compose: Any, crew: Any, call_out: Any, add: Any, ran: list[Any]
):
    @compose("stage-swallows")
    def swallows() -> int:
        try:
            if wait == "step":
                call_out(1)
            elif wait == "event":
                wait_for("go")
            else:
                sleep(3600)
        except BaseException:
            return then()
        return add(5)["sum"]

    handle = swallows.invoke()
    worker = crew()
    worker.settle(worker.claim())
    assert handle.status == "waiting" and outcomes(handle) == ["suspended"]
    if wait == "event":
        emit(handle.id, "go")
    if wait == "sleep":
        rows("UPDATE actions_memory SET value = to_jsonb(now()::text) WHERE key = 'sleep'")
        late(worker)
    worker.work()
    assert handle.result() == 5 and ran[-1] == (5, 0) and ran.count(1) <= 1


def test_a_function_that_goes_on_after_a_swallowed_suspension_begins_nothing(
    compose: Any, crew: Any, call_out: Any, add: Any, ran: list[Any]
):
    @compose("stage-goes-on")
    def goes_on() -> int:
        first = None
        with suppress(BaseException):
            first = call_out(1)
        if first is None:
            add(100)
        return add(first)["sum"]

    handle = goes_on.invoke()
    crew().work()
    assert handle.result() == 10 and ran == [1, (10, 0)]


def test_a_finally_with_a_step_in_it_runs_once(compose: Any, crew: Any, call_out: Any, add: Any, ran: list[Any]):
    @compose("stage-finally")
    def finally_() -> int:
        try:
            return call_out(1)
        finally:
            add(7)

    handle = finally_.invoke()
    crew().work()
    assert handle.result() == 10 and ran == [1, (7, 0)]


def test_a_future_is_no_value(compose: Any, crew: Any, add: Any):
    seen: list[str] = []

    @compose("stage-no-value")
    def no_value() -> None:
        future = add.start(a=1)
        for act in (
            lambda: bool(future), lambda: bool(future["sum"]), lambda: list(future), lambda: list(future["sum"]),
            lambda: 1 in future, lambda: future["sum"] + 1,
        ):  # fmt: skip
            try:
                act()
            except TypeError as error:
                seen.append(str(error))

    handle = no_value.invoke()
    crew().work()
    assert handle.status == "succeeded" and len(seen) == 12
    assert "ask for its result() first" in seen[0]


@pytest.mark.parametrize("how", ["result", "param", "after", "gather", "returned"])
def test_a_future_of_another_execution_is_refused(how: str, compose: Any, crew: Any, add: Any):
    kept: list[Any] = []

    @compose("stage-leaks")
    def leaks() -> None:
        kept.append(add.start(a=1))

    @compose("stage-borrows")
    def borrows() -> Any:
        add.start(a=2)
        future = kept[0]
        if how == "result":
            future.result()
        elif how == "param":
            add.start(a=future["sum"])
        elif how == "after":
            add.start(a=1, after=[future])
        elif how == "gather":
            gather(future)
        return future if how == "returned" else None

    leaks.invoke()
    worker = crew()
    worker.work()
    handle = borrows.invoke()
    worker.work()
    assert handle.status == "failed" and handle.error["code"] == "not_in_workflow"


@pytest.mark.parametrize("key", ["stage-add", "undo:stage-add", "", "x" * 256, "nul\x00"])
def test_keys_of_steps_are_told_apart(key: str, compose: Any, crew: Any, add: Any):
    @compose("stage-keyed")
    def keyed() -> None:
        add.start(a=1)
        add.start(a=2, step=key)

    handle = keyed.invoke()
    crew().work()
    assert handle.status == "failed"
    assert handle.error["code"] == ("step_twice" if key == "stage-add" else "invalid_step")
    assert tree(handle) == {}


def test_params_that_do_not_fit_leave_nothing_behind(compose: Any, crew: Any, add: Any, ran: list[Any]):
    @compose("stage-bad-params")
    def bad_params(how: str) -> None:
        add.start(a=1, step="good")
        if how == "type":
            add.start(a="one")
        elif how == "name":
            add.start(a=1, c=2)
        elif how == "missing":
            add(b=1)
        elif how == "beside a reference":
            add.start(a=add.start(a=1)["sum"], b="two")
        else:
            add.start(a={1, 2})

    handles = [
        bad_params.invoke(how=how) for how in ("type", "name", "missing", "beside a reference", "not json")
    ]  # fmt: skip
    crew().work()
    for handle in handles:
        assert handle.status == "failed" and handle.error["code"] in {"invalid_params", "not_json"}, handle.error
        assert tree(handle) == {}
    assert ran == []


def test_a_workflow_is_a_plain_function_with_a_sound_declaration(compose: Any):
    async def asynchronous() -> None: ...

    def plain() -> None: ...

    for function, policies in ((asynchronous, {}), (plain, {"on_failure": "retry"}), (plain, {"timeout": 0})):
        with pytest.raises(InvalidDefinition):
            compose("stage-unsound", **policies)(function)


def test_a_workflow_called_outside_is_the_plain_function(compose: Any, add: Any):
    @compose("stage-plain")
    def plain(n: int) -> int:
        return add(n, 1)["sum"]

    assert plain(1) == 2


def test_bad_params_of_the_workflow_are_refused_at_the_door(compose: Any):
    @compose("stage-door")
    def door(n: int) -> None: ...

    with pytest.raises(InvalidParams):
        door.invoke(n="one")
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_a_step_that_writes_elsewhere_keeps_its_own_rules(compose: Any, crew: Any):
    @compose("stage-fails-inside")
    def fails_inside() -> str:
        with suppress(StepFailed):
            app.give_up()
        return app.write_row(note="kept")["note"]

    handle = fails_inside.invoke()
    crew().work()
    assert handle.result() == "kept"
    assert rows("SELECT note FROM app_effect") == [("kept",)]


def test_the_context_of_a_function_speaks_of_the_workflow(compose: Any, crew: Any, call_out: Any):
    seen: list[Any] = []

    @compose("stage-speaks")
    def speaks(context: Context) -> None:
        context.log("entered", attempt=context.attempt)
        context.progress(context.attempt, 2)
        seen.append((context.execution_id, context.attempt, context.action))
        call_out(1)

    handle = speaks.invoke()
    crew().work()
    assert seen == [(handle.id, 1, "stage-speaks"), (handle.id, 2, "stage-speaks")]
    assert step_of(handle, "stage-call-out")


def test_a_refused_function_can_be_retried_once_it_is_repaired(compose: Any, crew: Any, mark: Any):
    @compose("stage-repaired")
    def broken() -> str:
        mark("one")
        Effect.objects.create(execution_id="x", attempt=1)
        return "never"

    handle = broken.invoke()
    worker = crew()
    worker.work()

    @compose("stage-repaired")
    def repaired() -> str:
        mark("one")
        return mark("two")

    retry(handle.id, actor=ALICE, reason="deployed")
    worker.work()
    assert handle.result() == "two"
    assert rows("SELECT note FROM app_effect ORDER BY id") == [("one",), ("two",)]
