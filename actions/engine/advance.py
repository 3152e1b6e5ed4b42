"""advance: what waited for an ending goes on: steps behind it are queued or skipped, workflows are entered again.

All of it in the transaction that records the ending, with the workflow's row locked first: whoever ends a step, suspends a
workflow, cancels or retries among its steps holds that lock, so that of two last prerequisites the second one sees the
first, and no workflow suspends on what has just ended.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction

from actions.crashpoints import crash_point
from actions.engine import ledger
from actions.engine.aftermath import wake_later
from actions.engine.statements import fetch


def lock(workflows: Iterable[UUID | None], *, ended: Sequence[UUID] = ()) -> list[UUID]:
    """Lock these workflows, in the one order, before anything of theirs is changed; returns those that wait for any of
    `ended`."""
    ids = sorted({workflow for workflow in workflows if workflow is not None})
    if not ids:
        return []
    waiting = ledger.lock(ids, ended)
    crash_point("advance.locked")
    return waiting


def advance(
    ended: Sequence[UUID],
    *,
    without_success: Sequence[UUID],
    workflows: Iterable[UUID | None],
    waiting: Sequence[UUID] | None = None,
) -> None:
    """These steps of `workflows`, which are locked, have ended; `without_success` are those of them that failed.

    `waiting` are the workflows that wait for any of them, where that is known. What is skipped now may be waited for too.
    """
    if not ended:
        return
    skipped = ledger.skip(without_success) if without_success else []
    queues = ledger.unblock([*ended, *skipped])
    if skipped or waiting is None:
        waiting = sorted({workflow for workflow in workflows if workflow is not None})
    if waiting:
        queues += ledger.resume(waiting)
    wake_later(queues)
    crash_point("advance.moved")


def advance_one(id: UUID, *, workflow: UUID | None, succeeded: bool) -> None:  # noqa: A002
    """The same for one step; nothing where it is none. Its workflow is locked."""
    if workflow is not None:
        advance([id], without_success=[] if succeeded else [id], workflows=[workflow])


def recheck() -> int:
    """Move on what should have gone on and did not; returns how much that was. Nothing, unless rows were edited by hand."""
    stuck = fetch("stuck", {})
    if not stuck:
        return 0
    with transaction.atomic():
        lock({one for pair in stuck for one in pair})
        for id_, _ in stuck:
            prerequisites = [row[0] for row in fetch("prerequisites", {"id": id_})]
            failed = [row[0] for row in fetch("fruitless", {"ids": prerequisites})]
            advance(prerequisites, without_success=failed, workflows=[id_])
    return len(stuck)
