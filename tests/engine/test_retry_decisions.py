"""What becomes of an execution whose handler raised: retried, failed, postponed, in doubt."""

from typing import Any

import pytest

from actions import Context, ExecutionFailed, GiveUp, InDoubt, RetryLater, RetryPolicy
from tests.app import actions as app
from tests.stage import AT_ONCE, StageWorker, column, columns, effects, key_of, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def test_a_failing_handler_is_tried_as_often_as_the_policy_says(worker: StageWorker):
    handle = app.fail.invoke(message="the mail server is down")
    assert worker.work() == 3
    row = columns(handle)
    assert (row["status"], row["attempt"], row["tries"]) == ("failed", 3, 3)
    assert outcomes(handle) == ["failed"] * 3
    assert verbs(handle) == ["accepted", "started", "retrying", "started", "retrying", "started", "failed"]
    assert row["error"]["code"] == "exception"
    assert row["error"]["class"] == "RuntimeError"
    assert row["error"]["message"] == "the mail server is down"
    assert "in fail" in row["error"]["traceback"]
    assert effects(handle) == 0
    with pytest.raises(ExecutionFailed, match="the mail server is down"):
        handle.result(timeout=0)


def test_a_handler_that_recovers_succeeds(worker: StageWorker):
    handle = app.fail.invoke(times=2)
    worker.work()
    assert (handle.result(timeout=0), column(handle, "error"), effects(handle)) == ("at last", None, 1)
    assert outcomes(handle) == ["failed", "failed", "succeeded"]


def test_the_next_try_waits_as_long_as_the_policy_says(declare: Any, crew: Any):
    @declare("stage-waits", retry=RetryPolicy(max_attempts=4, delay=100, factor=3, max_delay=500, jitter=0))
    def act() -> None:
        raise RuntimeError

    handle = act.invoke()
    worker = crew()
    for wanted in (100, 300, 500):
        assert worker.work(waiting=False) == 1
        left = value("SELECT extract(epoch FROM available_at - now()) FROM actions_execution")
        assert wanted - 5 < float(left) <= wanted
        assert handle.status == "retrying"
        assert worker.claim() == []
        rows("UPDATE actions_execution SET available_at = now()")
    worker.work(waiting=False)
    assert handle.status == "failed"


def test_giving_up_fails_at_once(worker: StageWorker):
    handle = app.give_up.invoke()
    assert worker.work() == 1
    assert handle.error is not None
    assert (handle.status, handle.error["code"], effects(handle)) == ("failed", "gave_up", 0)
    assert "traceback" not in handle.error


def test_errors_that_the_policy_gives_up_on_fail_at_once(declare: Any, crew: Any):
    @declare("stage-policy", retry=RetryPolicy(max_attempts=3, delay=0, give_up_on=(LookupError,)))
    def act() -> None:
        raise KeyError("x")

    handle = act.invoke()
    assert crew().work() == 1
    assert handle.status == "failed"


def test_later_is_not_a_try(worker: StageWorker):
    handle = app.postpone.invoke(times=5)
    assert worker.work() == 6
    assert handle.result(timeout=0) == "now"
    assert outcomes(handle) == ["postponed"] * 5 + ["succeeded"]
    assert column(handle, "tries") == 0
    assert "postponed" in verbs(handle)


def test_later_waits_as_long_as_it_asks(worker: StageWorker):
    app.postpone.invoke(delay=50)
    worker.work(waiting=False)
    left = value("SELECT extract(epoch FROM available_at - now()) FROM actions_execution")
    assert 45 < float(left) <= 50


@pytest.mark.parametrize("delay", [-1, 0])
def test_later_without_delay_is_now(delay: float, declare: Any, crew: Any):
    @declare("stage-later")
    def act(context: Context) -> None:
        if context.attempt == 1:
            raise RetryLater(delay)

    handle = act.invoke()
    crew().work(waiting=False)
    assert handle.status == "succeeded"


@pytest.mark.parametrize("delay", [float("inf"), 1e30])
def test_later_without_end_does_not_stop_the_worker(delay: float, declare: Any, crew: Any):
    """Nothing that a handler raises may leave its attempt running."""

    @declare("stage-later")
    def act() -> None:
        raise RetryLater(delay)

    handle = act.invoke()
    neighbour = app.noop.invoke()
    crew().work(waiting=False)
    assert neighbour.status == "succeeded"
    assert handle.status in {"retrying", "failed"}


def test_a_doubt_is_put_in_doubt_whatever_the_effects(declare: Any, crew: Any):
    @declare("stage-doubt")
    def act() -> None:
        raise InDoubt("the reply was lost")

    handles = [act.invoke(), app.doubt.invoke()]
    crew().work()
    for handle in handles:
        assert handle.error is not None
        assert (handle.status, handle.error["message"]) == ("in_doubt", "the reply was lost")
        assert (outcomes(handle), verbs(handle)[-1]) == (["in_doubt"], "in_doubt")
        assert column(handle, "finished_at") is None


@pytest.mark.parametrize("error", [TimeoutError("no reply"), ConnectionResetError(), ConnectionResetError("by peer")])
def test_errors_that_leave_a_doubt_put_an_external_action_in_doubt_and_no_other(
    error: Exception, declare: Any, crew: Any
):
    """I-13"""

    def act() -> None:
        raise error

    handles = {}
    for kind in ("external", "repeatable", "database"):
        handles[kind] = declare(f"stage-{kind}", effects=kind)(act).invoke()
    crew().work()
    assert {kind: handle.status for kind, handle in handles.items()} == {
        "external": "in_doubt", "repeatable": "failed", "database": "failed",
    }  # fmt: skip


def test_an_external_action_names_its_own_doubts(declare: Any, crew: Any):
    class Garbled(Exception):
        pass

    @declare("stage-doubts", effects="external", doubt_on=(Garbled,))
    def act(garbled: bool) -> None:
        raise Garbled if garbled else TimeoutError

    handles = [act.invoke(garbled=True), act.invoke(garbled=False)]
    crew().work()
    assert [handle.status for handle in handles] == ["in_doubt", "failed"]


def test_a_known_failure_of_an_external_action_is_tried_again(declare: Any, crew: Any):
    @declare("stage-known", effects="external")
    def act(context: Context) -> str:
        if context.attempt < 3:
            raise ConnectionRefusedError
        return "sent"

    handle = act.invoke()
    crew().work()
    assert handle.result(timeout=0) == "sent"


def test_exiting_from_a_handler_is_its_failure_and_not_the_workers_end(declare: Any, crew: Any):
    @declare("stage-exit")
    def act() -> None:
        raise SystemExit(3)

    handle = act.invoke()
    crew().work()
    assert handle.status == "failed"


def test_an_interrupt_is_not_the_handlers(declare: Any, crew: Any):
    @declare("stage-interrupt")
    def act() -> None:
        raise KeyboardInterrupt

    handle = act.invoke()
    with pytest.raises(KeyboardInterrupt):
        crew().work()
    assert handle.status == "running"


@pytest.mark.parametrize("text", ["nul \x00", "half \ud800", "x" * 50_000, "%s %(id)s {}"])
def test_any_text_of_an_error_can_be_stored(text: str, declare: Any, crew: Any):
    @declare("stage-text")
    def act() -> None:
        raise GiveUp(text)

    handle = act.invoke()
    crew().work()
    assert handle.error is not None
    assert handle.status == "failed"
    assert len(handle.error["message"]) <= 20_000


def test_an_error_whose_message_fails_is_still_recorded(declare: Any, crew: Any):
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @declare("stage-text")
    def act() -> None:
        raise Broken

    handle = act.invoke()
    neighbour = app.noop.invoke()
    crew().work()
    assert (handle.status, neighbour.status) == ("failed", "succeeded")


def test_params_that_no_longer_fit_fail_for_good_without_entering_the_handler(declare: Any, crew: Any):
    """F26: the schema changed while it was queued"""
    from actions.definitions.registry import registry

    @declare("stage-schema")
    def before(a: int) -> None: ...

    handle = before.invoke(a=1)
    registry.remove("stage-schema")

    @declare("stage-schema")
    def after(a: str) -> None:
        raise AssertionError("entered")

    assert crew().work() == 1
    assert handle.error is not None
    assert (handle.status, handle.error["code"]) == ("failed", "invalid_params")


def test_tries_of_one_execution_are_numbered_without_gaps(worker: StageWorker):
    """I-06"""
    handle = app.fail.invoke()
    worker.work()
    numbers = rows("SELECT number FROM actions_attempt WHERE execution_id = %s ORDER BY number", key_of(handle))
    assert numbers == [(1,), (2,), (3,)]


def test_async_handlers_run_in_the_same_transaction(declare: Any, crew: Any):
    @declare("stage-async", retry=AT_ONCE)
    async def act(context: Context, bad: bool) -> str:
        from asgiref.sync import sync_to_async

        await sync_to_async(app.write)(context)
        if bad:
            raise RuntimeError("after its write")
        return "awaited"

    good, bad = act.invoke(bad=False), act.invoke(bad=True)
    crew().work()
    assert (good.result(timeout=0), effects(good)) == ("awaited", 1)
    assert (bad.status, effects(bad)) == ("failed", 0)
