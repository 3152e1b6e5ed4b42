"""A failed execution that is handled without a retry: open no more, until it is reopened or fails again."""

import pytest

from actions.engine.operate.handled import handle, reopen
from actions.engine.operate.retry import retry
from actions.errors import NotHandled, NotOpen, ReasonRequired, Refused
from actions.models import Execution
from actions.queries.search import counts, parse
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, all_at_once, column, crew, engine, rows, worker

__all__ = ["crew", "engine", "worker"]

WHY = "refunded by hand"


@pytest.fixture
def failed(worker: StageWorker):
    """One that stands failed."""
    made = app.fail.invoke()
    worker.work()
    return made


def number(text: str) -> int:
    found = counts.total(parse(text))
    assert found is not None
    return found.number


def told(execution) -> list[tuple[str, str, str]]:
    return [
        row[:3]
        for row in rows(
            "SELECT verb, actor_label, reason FROM actions_auditentry WHERE execution_id = %s AND verb IN"
            " ('execution.handled', 'execution.reopened') ORDER BY id", Execution.objects.get().pk,
        )
    ]  # fmt: skip


def test_handled_is_open_no_more_until_it_is_reopened(failed):
    assert (number("is:open"), number("is:handled")) == (1, 0)
    handle(failed.id, actor=ALICE, reason=WHY)
    row = Execution.objects.get()
    assert row.handled
    assert (row.status, row.handled_by, row.handled_reason) == ("failed", ALICE.label, WHY)
    assert (number("is:open"), number("is:handled"), number("state:failed")) == (0, 1, 1)
    reopen(failed.id, actor=ALICE, reason="not refunded")
    row = Execution.objects.get()
    assert (row.handled, row.handled_by, row.handled_reason, row.handled_at) == (False, None, None, None)
    assert (number("is:open"), number("is:handled")) == (1, 0)
    assert told(failed) == [
        ("execution.handled", ALICE.label, WHY), ("execution.reopened", ALICE.label, "not refunded"),
    ]  # fmt: skip


def test_one_that_is_retried_and_fails_again_is_open_again(failed, worker: StageWorker):
    handle(failed.id, actor=ALICE, reason=WHY)
    retry(failed.id, actor=ALICE, reason="the server is back")
    assert (number("is:open"), number("is:handled")) == (0, 0)
    worker.work()
    assert column(failed, "status") == "failed"
    assert (number("is:open"), number("is:handled")) == (1, 0)
    assert not Execution.objects.get().handled


def test_what_is_not_so_is_refused_and_nothing_changed(failed, worker: StageWorker):
    done = app.noop.invoke()
    worker.work()
    attempt = column(failed, "attempt")
    for act, made, error, said in (
        (handle, done, NotOpen, "is succeeded; only what stands failed"),
        (reopen, done, NotHandled, "is succeeded; only what stands failed"),
        (reopen, failed, NotHandled, "is not marked as handled"),
    ):
        with pytest.raises(error, match=said) as caught:
            act(made.id, actor=ALICE, reason=WHY)
        assert caught.value.status == column(made, "status")
    with pytest.raises(Refused, match="has moved on"):
        handle(failed.id, actor=ALICE, reason=WHY, seen_attempt=attempt - 1)
    with pytest.raises(ReasonRequired):
        handle(failed.id, actor=ALICE, reason=" ")
    assert rows("SELECT FROM actions_execution WHERE handled_attempt IS NOT NULL OR handled_by IS NOT NULL") == []


def test_of_two_at_once_one_is_told_who_was_first(failed):
    def act():
        handle(failed.id, actor=ALICE, reason=WHY)

    answers = all_at_once([act, act])
    assert {type(answer) for answer in answers} == {type(None), NotOpen}
    (late,) = [answer for answer in answers if isinstance(answer, NotOpen)]
    assert f"was already handled by {ALICE.label} at " in late.message
    assert len(told(failed)) == 1
