"""rescue: find attempts whose worker is gone, and decide what each may become."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from actions import conf
from actions.crashpoints import crash_point
from actions.definitions.registry import registry
from actions.engine import ledger
from actions.engine.advance import advance, lock
from actions.engine.aftermath import follow, wake_later
from actions.engine.ledger import Claim, Loss
from actions.engine.policy import after_failure
from actions.engine.statements import fetch
from actions.errors import TimedOut, WorkerLost, describe
from actions.states import FINISHED, Effects, Outcome, Status


def rescue() -> int:
    """Settle every attempt whose worker is gone; returns how many."""
    # Asked first without a transaction of its own: nearly every tick finds nothing, and is one statement then.
    found = ledger.rescuable()
    return _settle_losses({row[-1] for row in found} - {None}) if found else 0


def _settle_losses(workflows: set[UUID]) -> int:
    with transaction.atomic():
        # Workflows before their steps: the one order of locks. A step that was lost since waits for the next look.
        lock(workflows)
        losses = [_judge(*row) for row in ledger.rescuable() if row[-1] is None or row[-1] in workflows]
        losses = _stop_asked(losses)
        crash_point("rescue.selected")
        settled = ledger.settle_lost(losses) if losses else []
        by_id = {loss.id: loss for loss in losses}
        actions = {row_id: ledger.origin(row_id)[0] for row_id, _, _ in settled}
        for row_id, _, _ in settled:
            loss = by_id[row_id]
            follow(
                row_id,
                action=actions[row_id],
                attempt=loss.attempt,
                status=loss.status,
                error=loss.error,
                delay=loss.delay,
            )
        over = [by_id[row_id] for row_id, _, status in settled if status in FINISHED and by_id[row_id].parent]
        ended = [loss.id for loss in over]
        advance(ended, without_success=ended, workflows=[loss.parent for loss in over])
        wake_later(queue for _, queue, status in settled if status == Status.QUEUED)
    return len(settled)


def _stop_asked(losses: list[Loss]) -> list[Loss]:
    """What was asked to stop, with its workflow or alone, is not tried again."""
    again = [loss.id for loss in losses if loss.status in {Status.QUEUED, Status.RETRYING}]
    asked = {row[0] for row in fetch("asked_to_stop", {"ids": again})} if again else set()
    return [replace(loss, status=Status.CANCELLED) if loss.id in asked else loss for loss in losses]


def _judge(*row: Any) -> Loss:
    return replace(_judged(*row[:-1]), parent=row[-1])


def _judged(id, attempt, worker, action, lost_before, tries, effects, timed_out, left) -> Loss:  # type: ignore[no-untyped-def]  # noqa: A002, ANN001
    """One lost attempt. Database and repeatable ones are tried again; external ones are in doubt.

    A hard timeout is a failure that counts as a try; a vanished worker is not, up to three of them.
    """
    declared = registry.get(action)
    claim = Claim(id, action, attempt, tries, lost_before, "", None)
    if effects == Effects.EXTERNAL:
        error = describe(
            TimedOut("Its process was killed, at the hard timeout at the latest; its outside effect may have happened.")
            if timed_out
            else WorkerLost("The worker vanished in the middle of the attempt; its outside effect may have happened.")
        )
        outcome = Outcome.TIMED_OUT if timed_out else Outcome.IN_DOUBT
        return Loss(id, attempt, worker, Status.IN_DOUBT, outcome, error, delay=max(0.0, float(left or 0)))
    alone = lost_before > 0 or declared is None or not declared.groupable
    if timed_out and alone and declared is not None:
        late = TimedOut("Its process was killed, at the hard timeout at the latest; its writes were rolled back.")
        ending = after_failure(declared, claim, late, describe(late), Outcome.TIMED_OUT)
        return Loss(id, attempt, worker, ending.status, ending.outcome, ending.error, ending.delay, tries=1, losses=1)
    most = conf.get().MAX_LOSSES
    if lost_before + 1 >= most:
        error = describe(
            WorkerLost(f"{most} workers vanished in the middle of it, so it is not tried again by itself.")
        )
        return Loss(id, attempt, worker, Status.FAILED, Outcome.LOST, error, losses=1)
    return Loss(id, attempt, worker, Status.QUEUED, Outcome.LOST, describe(WorkerLost()), losses=1)
