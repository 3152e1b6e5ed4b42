"""Sleeps and the timeout of a whole workflow: no worker is held, and what has not ended is cancelled."""

import time
from datetime import timedelta
from typing import Any

import pytest

from actions import InDoubt, RetryPolicy, sleep, wait_for
from actions.engine.maintain import redispatch
from actions.engine.operate.retry import retry
from tests.engine.steps import hold, late, release
from tests.stage import ALICE, column, outcomes, rows, step_of, tree, value, verbs

pytestmark = pytest.mark.usefixtures("engine", "audited")
_PASSED = "UPDATE actions_memory SET value = '1' WHERE key = 'deadline'"


def test_sleeps_are_told_apart_and_each_counts_from_when_it_was_reached(compose: Any, crew: Any):
    @compose("stage-naps")
    def naps() -> str:
        sleep(3600)
        sleep(timedelta(hours=2))
        sleep(0)
        return "awake"

    handle = naps.invoke()
    worker = crew()
    worker.work()
    assert rows("SELECT key FROM actions_memory") == [("sleep",)]
    rows("UPDATE actions_memory SET value = to_jsonb(now()::text) WHERE key = 'sleep'")
    late(worker)
    assert handle.status == "waiting"
    assert value("SELECT wake_at > now() + interval '119 minutes' FROM actions_execution")
    rows("UPDATE actions_memory SET value = to_jsonb(now()::text) WHERE key = 'sleep#2'")
    late(worker)
    assert handle.result() == "awake" and outcomes(handle) == ["suspended", "suspended", "succeeded"]


def test_one_that_is_woken_too_early_waits_on(compose: Any, crew: Any):
    @compose("stage-early")
    def early() -> None:
        sleep(3600)

    handle = early.invoke()
    worker = crew()
    worker.work()
    late(worker)
    assert handle.status == "waiting" and outcomes(handle) == ["suspended", "suspended"]


@pytest.mark.parametrize("wait", ["step", "event", "sleep"])
def test_a_workflow_that_waits_too_long_fails_and_its_steps_are_cancelled(
    wait: str, compose: Any, crew: Any, call_out: Any, add: Any
):
    @compose("stage-late", timeout=timedelta(hours=1))
    def late_one() -> Any:
        other = call_out.start(n=1)
        add.start(a=other)
        return other.result() if wait == "step" else wait_for("x") if wait == "event" else sleep(36_000)

    hold("stage-call-out")
    handle = late_one.invoke()
    worker = crew()
    worker.work()
    assert value("SELECT wake_at < now() + interval '61 minutes' FROM actions_execution WHERE parent_id IS NULL")
    rows(_PASSED)
    late(worker)
    assert handle.status == "failed" and handle.error["code"] == "workflow_timed_out"
    assert "3600" in handle.error["message"]
    assert set(tree(handle).values()) == {"cancelled"}
    release("stage-call-out")
    assert worker.work() == 0


def test_a_workflow_that_is_entered_too_late_fails(compose: Any, crew: Any, call_out: Any, ran: list[Any]):
    @compose("stage-busy", timeout=3600)
    def busy() -> Any:
        return call_out(call_out(1))

    handle = busy.invoke()
    worker = crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    assert handle.status == "queued"
    rows(_PASSED)
    worker.work()
    assert handle.error["code"] == "workflow_timed_out" and ran == [1]
    assert tree(handle) == {"stage-call-out": "succeeded"}


def test_its_steps_in_doubt_stay_so(compose: Any, declare: Any, crew: Any):
    @declare("stage-doubtful", effects="external")
    def doubtful() -> None:
        raise InDoubt("no reply")

    @compose("stage-doubts", timeout=3600)
    def doubts() -> None:
        doubtful()

    handle = doubts.invoke()
    worker = crew()
    worker.work()
    rows(_PASSED)
    late(worker)
    assert handle.status == "failed" and tree(handle) == {"stage-doubtful": "in_doubt"}


def test_a_retry_has_the_whole_time_again(compose: Any, crew: Any, moody: Any, call_out: Any):
    @compose("stage-again", timeout=3600)
    def again() -> Any:
        moody(1)
        return call_out(1)

    handle = again.invoke()
    worker = crew()
    worker.work()
    assert handle.status == "failed"
    rows(_PASSED)
    moody.bad = False
    retry(step_of(handle, "stage-moody"), actor=ALICE, reason="repaired")
    worker.work()
    assert handle.result() == 10


def test_a_timed_out_workflow_without_steps_can_be_retried(compose: Any, crew: Any):
    @compose("stage-tired", timeout=3600)
    def tired() -> Any:
        return wait_for("x")

    handle = tired.invoke()
    worker = crew()
    worker.work()
    rows(_PASSED)
    late(worker)
    assert handle.status == "failed"
    retry(handle.id, actor=ALICE, reason="a longer day")
    worker.work()
    assert handle.status == "waiting" and column(handle, "awaited_event") == "x"
    assert verbs(handle)[-3:] == ["retried", "started", "suspended"]


def test_the_timeout_of_the_workflow_is_not_the_one_of_an_entry(compose: Any, crew: Any, mark: Any):
    @compose("stage-spins", timeout=3600, retry=RetryPolicy(max_attempts=1))
    def spins() -> str:
        mark("x")
        time.sleep(0)
        return "done"

    handle = spins.invoke()
    crew(timed=True).work()
    assert handle.result() == "done" and rows("SELECT key FROM actions_memory") == [("deadline",)]


def test_workflows_that_wait_ask_for_no_worker(compose: Any, crew: Any):
    @compose("stage-patient")
    def patient() -> None:
        wait_for("x")

    patient.invoke_many([{}] * 50)
    worker = crew()
    worker.work()
    assert redispatch() == [] and worker.claim() == []
