"""Which executions a worker takes, in what order, and which of them together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions.engine.operate.pause import pause_action, pause_queue, resume_action, resume_queue
from actions.ids import public_id
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, columns, key_of, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def test_a_claim_is_one_transaction_with_attempt_and_audit(worker: StageWorker):
    """I-06, I-09"""
    handle = app.noop.invoke()
    (claim,) = worker.claim()
    row = columns(handle)
    assert (row["status"], row["attempt"], row["worker_id"]) == ("running", 1, worker.worker)
    assert (claim.id, claim.attempt) == (key_of(handle), 1)
    assert outcomes(handle) == [None]
    assert verbs(handle) == ["accepted", "started"]
    assert value(
        "SELECT count(DISTINCT x) FROM (SELECT xmin::text AS x FROM actions_execution UNION ALL "
        "SELECT xmin::text FROM actions_attempt UNION ALL "
        "SELECT xmin::text FROM actions_auditentry WHERE verb = 'execution.started') AS writers"
    ) == 1  # fmt: skip


def test_order_is_priority_then_time_then_id(worker: StageWorker):
    now = datetime.now(UTC)
    late = app.external.invoke(priority=1)
    third = app.external.invoke(available_at=now - timedelta(seconds=1))
    fourth = app.external.invoke()
    first = app.external.invoke(priority=-1)
    rows("UPDATE actions_execution SET available_at = now() - interval '1 minute' WHERE id = %s", key_of(late))
    rows("UPDATE actions_execution SET available_at = now() - interval '1 second' WHERE id = %s", key_of(fourth))
    rows("UPDATE actions_execution SET available_at = now() - interval '2 seconds' WHERE id = %s", key_of(third))
    taken = [public_id(worker.claim()[0].id) for _ in range(4)]
    assert taken == [first.id, third.id, fourth.id, late.id]
    assert worker.claim() == []


def test_equal_times_go_by_id(worker: StageWorker):
    handles = app.external.invoke_many([{}] * 5)
    assert [public_id(worker.claim()[0].id) for _ in range(5)] == [handle.id for handle in handles]


def test_what_is_due_later_is_left(worker: StageWorker):
    app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    assert worker.claim() == []


def test_other_queues_are_left(worker: StageWorker, declare: Any):
    @declare("stage-elsewhere", queue="elsewhere")
    def other() -> None: ...

    other.invoke()
    assert worker.claim("default") == []
    assert len(worker.claim("elsewhere")) == 1


def test_quick_database_executions_come_together(worker: StageWorker, settings: Any):
    app.noop.invoke_many([{}] * 40)
    assert len(worker.claim()) == 32
    assert len(worker.claim()) == 8


def test_an_external_or_repeatable_one_comes_alone(worker: StageWorker):
    app.external.invoke()
    app.repeatable.invoke()
    app.noop.invoke()
    assert [[claim.action for claim in worker.claim()] for _ in range(3)] == [
        ["test-external"], ["test-repeatable"], ["test-noop"],
    ]  # fmt: skip


def test_only_groupable_ones_come_along(worker: StageWorker):
    app.noop.invoke()
    app.external.invoke()
    app.noop.invoke()
    assert [claim.action for claim in worker.claim()] == ["test-noop", "test-noop"]
    assert [claim.action for claim in worker.claim()] == ["test-external"]


def test_an_execution_that_cost_a_worker_comes_alone(worker: StageWorker):
    """So that a poison action cannot cost its neighbours theirs."""
    handles = app.noop.invoke_many([{}] * 3)
    rows("UPDATE actions_execution SET losses = 1 WHERE id = %s", key_of(handles[0]))
    assert [public_id(claim.id) for claim in worker.claim()] == [handles[0].id]
    assert len(worker.claim()) == 2


def test_an_execution_that_cost_a_worker_never_comes_along(worker: StageWorker):
    handles = app.noop.invoke_many([{}] * 3)
    rows("UPDATE actions_execution SET losses = 1 WHERE id = %s", key_of(handles[1]))
    assert [public_id(claim.id) for claim in worker.claim()] == [handles[0].id, handles[2].id]


def test_an_action_known_to_be_slow_comes_alone(worker: StageWorker):
    worker.pace.learn("test-noop", 10.0)
    app.noop.invoke_many([{}] * 2)
    assert len(worker.claim()) == 1


def test_an_action_outside_the_transaction_comes_alone(declare: Any, crew: Any):
    @declare("stage-loose", atomic=False)
    def loose() -> None: ...

    loose.invoke_many([{}] * 2)
    assert len(crew().claim()) == 1


def test_a_paused_action_waits_and_its_neighbours_do_not(worker: StageWorker):
    assert pause_action("test-noop", actor=ALICE, reason="broken")
    app.noop.invoke()
    app.echo.invoke(value=1)
    assert [claim.action for claim in worker.claim()] == ["test-echo"]
    assert worker.claim() == []
    assert resume_action("test-noop", actor=ALICE, reason="mended")
    assert [claim.action for claim in worker.claim()] == ["test-noop"]


def test_a_paused_queue_waits(worker: StageWorker, declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=2)
    def limited() -> None: ...

    worker = crew()
    assert pause_queue("default", actor=ALICE, reason="deploy")
    app.noop.invoke()
    limited.invoke()
    assert worker.claim() == []
    assert resume_queue("default", actor=ALICE, reason="deployed")
    assert len(worker.claim()) + len(worker.claim()) == 2


def test_pausing_twice_changes_nothing_and_says_so():
    from actions.engine.sync import sync

    sync()
    assert pause_action("test-noop", actor=ALICE, reason="one")
    assert not pause_action("test-noop", actor=ALICE, reason="two")
    assert rows("SELECT paused_reason FROM actions_action WHERE name = 'test-noop'") == [("one",)]
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'action.paused'") == 1
    assert not resume_queue("default", actor=ALICE, reason="was not paused")


def test_a_paused_limited_action_waits(declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=2)
    def limited() -> None: ...

    worker = crew()
    pause_action("stage-limited", actor=ALICE, reason="broken")
    limited.invoke()
    assert worker.claim() == worker.claim() == []
    resume_action("stage-limited", actor=ALICE, reason="mended")
    assert len(worker.claim() or worker.claim()) == 1


def test_a_limited_action_takes_no_more_slots_than_it_has(declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=2)
    def limited() -> None: ...

    worker = crew()
    limited.invoke_many([{}] * 3)
    first, second = worker.claim(), worker.claim()
    assert len(first) == len(second) == 1
    assert worker.claim() == worker.claim() == []
    worker.settle(first)
    assert len(worker.claim() or worker.claim()) == 1


def test_a_limited_action_and_a_busy_queue_take_turns(declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=2)
    def limited() -> None: ...

    worker = crew()
    app.external.invoke_many([{}] * 4, priority=-5)
    limited.invoke_many([{}] * 2)
    assert {claim.action for _ in range(4) for claim in worker.claim()} == {"test-external", "stage-limited"}


def test_a_stopping_worker_gives_back_what_it_has_not_begun(worker: StageWorker):
    """F27"""
    handles = app.noop.invoke_many([{}] * 3)
    claims = worker.claim()
    worker.stopping = True
    worker.settle(claims)
    assert {handle.status for handle in handles} == {"queued"}
    assert outcomes(handles[0]) == ["given_back"]
    row = columns(handles[0])
    assert (row["tries"], row["losses"], verbs(handles[0])[-1]) == (0, 0, "given_back")


def test_an_action_that_this_code_does_not_have_is_kept_and_looked_at_later(declare: Any, crew: Any):
    """F26"""
    from actions.definitions.registry import registry

    @declare("stage-removed")
    def removed() -> None: ...

    handle = removed.invoke()
    other = app.noop.invoke()
    registry.remove("stage-removed")
    worker = crew()
    worker.work(waiting=False)
    assert (handle.status, other.status) == ("retrying", "succeeded")
    assert handle.error is not None
    assert handle.error["code"] == "action_not_found"
    assert (outcomes(handle), columns(handle)["tries"]) == (["postponed"], 0)
    assert value(
        "SELECT available_at > now() + interval '30 seconds' FROM actions_execution WHERE id = %s", key_of(handle)
    )
