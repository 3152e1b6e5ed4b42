"""What operators' verbs do beyond the change of status."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions import InvalidParams
from actions.engine import dispatch
from actions.engine.operate.cancel import cancel
from actions.engine.operate.pause import pause_action
from actions.engine.operate.replay import replay
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.engine.operate.trigger import trigger
from actions.errors import ActionNotFound, AlreadyFinished, InvalidInput, NotInDoubt, NotRetryable
from tests.app import actions as app
from tests.stage import ALICE, BOB, StageWorker, columns, effects, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def test_a_retry_is_a_new_attempt_of_the_same_execution_with_its_tries_counted_anew(worker: StageWorker):
    """I-11"""
    handle = app.fail.invoke(times=4)
    worker.work()
    assert (handle.status, columns(handle)["tries"]) == ("failed", 3)
    retry(handle.id, actor=ALICE, reason="mended")
    row = columns(handle)
    assert (row["status"], row["attempt"], row["tries"], row["losses"], row["error"]) == ("queued", 3, 0, 0, None)
    worker.work()
    assert (handle.result(timeout=0), effects(handle)) == ("at last", 1)
    assert outcomes(handle) == ["failed"] * 4 + ["succeeded"]
    assert value("SELECT count(*) FROM actions_execution") == 1


def test_a_fault_in_waking_is_no_fault_of_a_verb_that_was_done(worker: StageWorker, monkeypatch):
    """Django's robust hooks cannot name a partial that fails, and would raise that instead."""

    def broken(*queues: str) -> None:
        raise RuntimeError("can't start new thread")

    handle = app.give_up.invoke()
    worker.work()
    monkeypatch.setattr(dispatch, "wake_soon", broken)
    retry(handle.id, actor=ALICE, reason="mended")
    assert (handle.status, verbs(handle)[-1]) == ("queued", "retried")


def test_the_second_of_two_retries_is_told_who_was_first(worker: StageWorker):
    handle = app.give_up.invoke()
    worker.work()
    retry(handle.id, actor=ALICE, reason="mended")
    with pytest.raises(NotRetryable, match="already retried by Alice"):
        retry(handle.id, actor=BOB, reason="mended too")
    assert verbs(handle).count("retried") == 1


def test_a_retry_of_a_failure_that_was_not_the_one_seen_is_refused(worker: StageWorker):
    """D03, D04: the page showed attempt 1, and attempt 2 has failed since."""
    handle = app.give_up.invoke()
    worker.work()
    retry(handle.id, actor=ALICE, reason="mended", seen_attempt=1)
    worker.work()
    with pytest.raises(NotRetryable, match="failed again"):
        retry(handle.id, actor=BOB, reason="mended", seen_attempt=1)
    retry(handle.id, actor=BOB, reason="mended", seen_attempt=2)


def test_run_now_makes_it_due_and_goes_on_counting(worker: StageWorker):
    later = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(days=9))
    failing = app.fail.invoke()
    worker.work(waiting=False)
    rows("UPDATE actions_execution SET available_at = now() + interval '1 day' WHERE status = 'retrying'")
    run_now(later.id, actor=ALICE, reason="cannot wait")
    run_now(failing.id, actor=ALICE, reason="cannot wait")
    assert worker.work(waiting=False) >= 2
    assert later.status == "succeeded"
    assert columns(failing)["tries"] == 2


def test_a_replay_with_edited_params_checks_them(worker: StageWorker):
    handle = app.noop.invoke(n=1, tags=["kept"])
    with pytest.raises(InvalidParams):
        replay(handle.id, actor=ALICE, reason="edited", params={"n": "two"})
    made = replay(handle.id, actor=ALICE, reason="edited", params={"n": 2})
    assert (columns(made.id)["params"], columns(made.id)["tags"]) == ({"n": 2}, ["kept"])
    worker.work()
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'") == 2


def test_a_replay_takes_a_key_so_that_a_double_click_is_one():
    handle = app.noop.invoke(n=1)
    first = replay(handle.id, actor=ALICE, reason="again", idempotency_key="form-1")
    second = replay(handle.id, actor=ALICE, reason="again", idempotency_key="form-1")
    assert (first.id, first.replayed, second.replayed) == (second.id, False, True)


def test_a_replay_of_an_action_that_is_gone_is_refused_with_a_likely_name():
    handle = app.noop.invoke()
    rows("UPDATE actions_execution SET action_id = 'test-nop'")
    with pytest.raises(ActionNotFound, match="test-noop"):
        replay(handle.id, actor=ALICE, reason="again")


def test_a_trigger_is_an_execution_with_its_actor_and_reason():
    """B13"""
    made = trigger("test-noop", {"n": 1}, actor=ALICE, reason="by hand", idempotency_key="k", priority=3, tags=("x",))
    row = columns(made.id)
    assert (row["actor_label"], row["priority"], row["tags"], row["idempotency_key"]) == ("Alice", 3, ["x"], "k")
    assert rows("SELECT actor_label, reason FROM actions_auditentry") == [("Alice", "by hand")]
    with pytest.raises(ActionNotFound):
        trigger("test-nop", {}, actor=ALICE)
    with pytest.raises(InvalidInput):
        trigger("test-noop", {"n": float("nan")}, actor=ALICE)


def test_a_resolution_keeps_its_result_and_its_fingerprint(worker: StageWorker):
    handle = app.doubt.invoke()
    worker.work()
    resolve(handle.id, answer=Answer.HAPPENED, actor=ALICE, reason="seen at the bank", result={"paid": True})
    assert handle.result(timeout=0) == {"paid": True}
    row = columns(handle)
    assert (row["error"], row["finished_at"] is not None) == (None, True)
    assert value("SELECT length(data->>'result') FROM actions_auditentry WHERE verb = 'execution.resolved'") == 64


@pytest.mark.parametrize("result", [{"nan": float("nan")}, {"nul": "\x00"}])
def test_a_resolution_that_cannot_be_stored_changes_nothing(result: Any, worker: StageWorker):
    handle = app.doubt.invoke()
    worker.work()
    with pytest.raises(InvalidInput):
        resolve(handle.id, answer=Answer.HAPPENED, actor=ALICE, reason="seen", result=result)
    assert handle.status == "in_doubt"


def test_a_resolution_of_another_attempt_than_the_one_seen_is_refused(worker: StageWorker):
    handle = app.doubt.invoke()
    worker.work()
    with pytest.raises(NotInDoubt):
        resolve(handle.id, answer=Answer.HAPPENED, actor=ALICE, reason="seen", attempt=2)
    assert handle.status == "in_doubt"


def test_giving_up_a_doubt_keeps_its_error_and_calls_the_failure_handler(declare: Any, crew: Any):
    from actions import InDoubt

    told: list[str] = []

    @declare("stage-doubt", effects="external")
    def act() -> None:
        raise InDoubt("no reply")

    @act.on_failure
    def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        told.append(error["message"])

    handle = act.invoke()
    worker = crew()
    worker.work()
    resolve(handle.id, answer=Answer.GIVE_UP, actor=ALICE, reason="never mind")
    worker.work()
    assert handle.error is not None
    assert (handle.status, handle.error["message"], told) == ("failed", "no reply", ["no reply"])


def test_what_was_run_again_after_a_doubt_can_succeed(worker: StageWorker):
    handle = app.doubt.invoke()
    worker.work()
    resolve(handle.id, answer=Answer.RUN_AGAIN, actor=ALICE, reason="it did not happen")
    worker.work()
    assert (handle.status, columns(handle)["attempt"]) == ("in_doubt", 2)


def test_a_cancelled_execution_is_never_started(worker: StageWorker):
    """I-16"""
    handle = app.write_row.invoke()
    cancel(handle.id, actor=ALICE, reason="wrong customer")
    assert worker.work() == 0
    assert (handle.status, effects(handle), outcomes(handle)) == ("cancelled", 0, [])
    with pytest.raises(AlreadyFinished):
        cancel(handle.id, actor=ALICE, reason="again")


def test_asking_twice_to_stop_is_audited_once(worker: StageWorker):
    handle = app.external.invoke()
    worker.claim()
    cancel(handle.id, actor=ALICE, reason="stop")
    cancel(handle.id, actor=BOB, reason="stop!")
    assert verbs(handle).count("cancel_requested") == 1


def test_an_unknown_action_or_queue_cannot_be_paused():
    with pytest.raises(ActionNotFound):
        pause_action("nowhere", actor=ALICE, reason="because")


def test_verbs_wake_the_queue_they_fill(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    from actions.engine import dispatch

    woken: list[str] = []
    monkeypatch.setattr(dispatch, "wake_soon", lambda *queues: woken.extend(queues) or True)
    handle, doubtful = app.give_up.invoke(), app.doubt.invoke()
    later = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(days=1))
    worker.work(waiting=False)
    for act in (
        lambda: retry(handle.id, actor=ALICE, reason="x"),
        lambda: resolve(doubtful.id, answer=Answer.RUN_AGAIN, actor=ALICE, reason="x"),
        lambda: run_now(later.id, actor=ALICE, reason="x"),
    ):
        woken.clear()
        act()
        assert woken == ["default"]
