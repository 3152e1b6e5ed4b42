"""Operators against each other and against a handler at work: retry, cancel, resolve, pause."""

import threading
from typing import Any

import pytest
from django.db import transaction

from actions import Context
from actions.engine import ledger, settle
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.subject import Subject
from actions.errors import AlreadyFinished, NotInDoubt, NotRetryable
from tests.app import actions as app
from tests.stage import ALICE, BOB, Elsewhere, StageWorker, all_at_once, columns, effects, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def test_twenty_retries_at_once_are_one_attempt(worker: StageWorker):
    """I-11, F29"""
    handle = app.give_up.invoke()
    worker.work()
    answers = all_at_once([lambda: retry(handle.id, actor=ALICE, reason="mended", seen_attempt=1)] * 20)
    assert sum(isinstance(answer, Subject) for answer in answers) == 1
    assert sum(isinstance(answer, NotRetryable) for answer in answers) == 19
    worker.work()
    assert (columns(handle)["attempt"], verbs(handle).count("retried")) == (2, 1)
    assert value("SELECT count(*) FROM actions_execution") == 1


def test_a_retry_that_waited_for_another_finds_it_done(worker: StageWorker):
    handle = app.give_up.invoke()
    worker.work()
    with transaction.atomic():
        retry(handle.id, actor=ALICE, reason="mended")
        second = Elsewhere(lambda: retry(handle.id, actor=BOB, reason="mended"))
        _somebody_waits()
    with pytest.raises(NotRetryable, match="already retried by Alice"):
        second.outcome()


def test_ten_resolutions_at_once_are_one(worker: StageWorker):
    handle = app.doubt.invoke()
    worker.work()
    answers = [Answer.HAPPENED, Answer.GIVE_UP] * 5
    met = all_at_once([lambda a=answer: resolve(handle.id, answer=a, actor=ALICE, reason="seen") for answer in answers])
    assert sum(isinstance(answer, Subject) for answer in met) == 1
    assert sum(isinstance(answer, NotInDoubt) for answer in met) == 9
    assert verbs(handle).count("resolved") == 1


POINTS = ("claimed", "entered", "written", "returned", "settled")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("group", [1, 3])
def test_a_cancel_of_a_running_database_attempt_is_before_its_commit_or_refused(
    point: str, group: int, declare: Any, crew: Any, monkeypatch: pytest.MonkeyPatch
):
    """I-16, F18: cancelled with zero effects, or succeeded with one and the cancel is told so"""
    go = threading.Event()

    def reach(name: str) -> None:
        if name == point and not go.is_set():
            go.set()
            if name != "settled":
                operator.outcome()

    @declare("stage-cancel")
    def act(context: Context) -> None:
        if context.execution_id == handle.id:
            reach("entered")
        app.write(context)
        if context.execution_id == handle.id:
            reach("written")

    worker = crew()
    handle = act.invoke()
    others = [act.invoke() for _ in range(group - 1)]
    operator = Elsewhere(lambda: cancel(handle.id, actor=ALICE, reason="stop"), go)
    plain = ledger.settle

    def settling(*args: Any, **kwargs: Any) -> str:
        reach("returned")
        xid = plain(*args, **kwargs)
        reach("settled")
        if point == "settled":
            _somebody_waits()
        return xid

    monkeypatch.setattr(settle.ledger, "settle", settling)
    claims = worker.claim()
    reach("claimed")
    worker.settle(claims)
    if point == "settled":
        with pytest.raises(AlreadyFinished):
            operator.outcome()
        assert (handle.status, effects(handle), outcomes(handle)) == ("succeeded", 1, ["succeeded"])
    else:
        operator.outcome()
        assert (handle.status, effects(handle), outcomes(handle)) == ("cancelled", 0, ["cancelled"])
    for other in others:
        assert (other.status, effects(other)) == ("succeeded", 1)


def test_a_cancel_and_a_claim_at_once_never_both_win(crew: Any):
    """I-16"""
    handles = app.write_row.invoke_many([{}] * 20)
    workers = [crew(), crew()]
    all_at_once(
        [lambda h=handle: cancel(h.id, actor=ALICE, reason="stop") for handle in handles[::2]]
        + [worker.work for worker in workers]
    )
    for worker in workers:
        worker.work()
    for handle in handles:
        assert (handle.status, effects(handle)) in {("cancelled", 0), ("succeeded", 1)}
    assert rows("SELECT count(*) FROM actions_attempt WHERE outcome IS NULL") == [(0,)]


def _somebody_waits() -> None:
    import time

    until = time.monotonic() + 20
    while time.monotonic() < until:
        if _observe("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            return
        time.sleep(0.005)
    raise AssertionError("nobody waits for a lock")


def _observe(statement: str) -> Any:
    from tests.stage import session

    with session() as looker:
        row = looker.execute(statement).fetchone()
        assert row is not None
        return row[0]
