"""Entries and steps whose worker vanishes: rolled back, done again, and done once."""

from typing import Any

import pytest

from actions import StepFailed
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.rescue import rescue
from tests.stage import ALICE, column, columns, outcomes, rows, step_of, tree, value, verbs

pytestmark = pytest.mark.usefixtures("engine", "short_lease", "audited")


@pytest.fixture
def three(compose: Any, mark: Any, call_out: Any) -> Any:
    @compose("stage-three")
    def three() -> list[Any]:
        return [mark("one"), call_out(2), mark("three")]

    return three


def _notes() -> list[str]:
    return [row[0] for row in rows("SELECT note FROM app_effect ORDER BY id")]


def test_a_lost_entry_is_queued_again_and_its_steps_are_run_once(three: Any, crew: Any, ran: list[Any]):
    lost, healthy = crew(), crew()
    handle = three.invoke()
    held = lost.claim()
    lost.crash()
    assert rescue() == 1
    assert (handle.status, column(handle, "losses")) == ("queued", 1)
    # What the stale worker still does is rolled back: its steps in line with it.
    lost.settle(held)
    assert _notes() == [] and tree(handle) == {} and value("SELECT count(*) FROM actions_attempt") == 1
    healthy.work()
    assert handle.result() == ["one", 20, "three"] and _notes() == ["one", "three"] and ran == [2]
    # After a loss nothing runs in line with the entry, for it may be what costs the workers.
    assert outcomes(handle) == ["lost", "suspended", "suspended", "succeeded"]


def test_the_stale_worker_comes_while_the_new_one_has_done_it(three: Any, crew: Any):
    lost, healthy = crew(), crew()
    handle = three.invoke()
    held = lost.claim()
    lost.crash()
    rescue()
    healthy.work()
    before = columns(handle)
    lost.settle(held)
    assert columns(handle) == before and _notes() == ["one", "three"]


def test_a_lost_entry_between_two_suspensions(three: Any, crew: Any, ran: list[Any]):
    handle = three.invoke()
    worker, lost = crew(), crew()
    worker.settle(worker.claim())
    worker.settle(worker.claim())
    assert handle.status == "queued" and ran == [2]
    held = lost.claim()
    lost.crash()
    rescue()
    lost.settle(held)
    worker.work()
    assert handle.result() == ["one", 20, "three"] and _notes() == ["one", "three"] and ran == [2]
    assert outcomes(handle) == ["suspended", "lost", "suspended", "succeeded"]


def test_the_third_loss_fails_it_and_a_retry_goes_on(three: Any, crew: Any):
    handle = three.invoke()
    for _ in range(3):
        lost = crew()
        lost.claim()
        lost.crash()
        assert rescue() == 1
    assert handle.status == "failed" and handle.error["code"] == "worker_crashed"
    assert outcomes(handle) == ["lost"] * 3
    retry(handle.id, actor=ALICE, reason="the machine is replaced")
    assert column(handle, "losses") == 0
    crew().work()
    assert handle.result() == ["one", 20, "three"] and _notes() == ["one", "three"]


def test_an_entry_that_comes_to_its_end_forgets_the_losses(three: Any, crew: Any):
    handle = three.invoke()
    for _ in range(2):
        lost = crew()
        lost.claim()
        lost.crash()
        rescue()
    assert column(handle, "losses") == 2
    worker = crew()
    worker.settle(worker.claim())
    assert (handle.status, column(handle, "losses")) == ("waiting", 0)
    worker.work()
    assert handle.result() == ["one", 20, "three"]


def test_a_lost_database_step_is_run_again(compose: Any, crew: Any, mark: Any):
    @compose("stage-started")
    def started() -> Any:
        return [mark.start(note="a").result(), mark("b")]

    handle = started.invoke()
    worker, lost = crew(), crew()
    worker.settle(worker.claim())
    held = lost.claim()
    lost.crash()
    assert rescue() == 1
    lost.settle(held)
    worker.work()
    assert handle.result() == ["a", "b"] and _notes() == ["a", "b"]
    assert outcomes(step_of(handle, "stage-mark")) == ["lost", "succeeded"]


def test_a_lost_outside_step_is_in_doubt_and_holds_its_workflow(three: Any, crew: Any, ran: list[Any]):
    handle = three.invoke()
    worker, lost = crew(), crew()
    worker.settle(worker.claim())
    lost.claim()
    lost.crash()
    lost.freeze()
    assert rescue() == 1
    assert tree(handle)["stage-call-out"] == "in_doubt" and worker.work() == 0
    resolve(step_of(handle, "stage-call-out"), answer=Answer.HAPPENED, actor=ALICE, reason="looked", result=7)
    worker.work()
    assert handle.result() == ["one", 7, "three"] and ran == []


def test_a_step_whose_third_loss_fails_it_fails_its_workflow(compose: Any, crew: Any, mark: Any):
    @compose("stage-poisoned")
    def poisoned() -> Any:
        try:
            return mark.start(note="x").result()
        except StepFailed as error:
            return error.error["code"]

    handle = poisoned.invoke()
    worker = crew()
    worker.settle(worker.claim())
    for _ in range(3):
        lost = crew()
        assert [claim.action for claim in lost.claim()] == ["stage-mark"]
        lost.crash()
        assert rescue() == 1
    assert handle.status == "queued"
    worker.work()
    assert handle.result() == "worker_crashed" and _notes() == []


def test_a_workers_vanishing_takes_a_whole_group_of_entries(compose: Any, crew: Any, mark: Any):
    @compose("stage-many")
    def many(n: int) -> str:
        return mark(str(n))

    handles = [many.invoke(n=n) for n in range(8)]
    lost = crew()
    held = lost.claim()
    assert len(held) == 8
    lost.crash()
    assert rescue() == 8
    lost.settle(held)
    crew().work()
    assert [handle.result() for handle in handles] == [str(n) for n in range(8)]
    assert sorted(_notes()) == [str(n) for n in range(8)]
    assert verbs(handles[0]) == [
        "accepted",
        "started",
        "rescued",
        "started",
        "suspended",
        "resumed",
        "started",
        "succeeded",
    ]


def test_what_a_stopping_worker_gives_back_is_entered_elsewhere(three: Any, crew: Any):
    handle = three.invoke()
    stopping = crew()
    held = stopping.claim()
    stopping.stopping = True
    stopping.settle(held)
    assert outcomes(handle) == ["given_back"] and handle.status == "queued"
    crew().work()
    assert handle.result() == ["one", 20, "three"] and _notes() == ["one", "three"]
