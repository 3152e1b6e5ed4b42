"""pause and resume: a schedule that does nothing until somebody lets it go on."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.schedules import rows
from actions.models import Schedule


def pause(schedule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let its times pass. False when it was paused already. Raises ScheduleNotFound, Forbidden, ReasonRequired."""
    with access.acting():
        row = rows.locked(schedule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        if row.paused_at is not None:
            return False
        Schedule.objects.filter(pk=row.pk).update(
            paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason, next_at=None
        )
        rows.record("paused", row, actor=actor, reason=reason)
    return True


def resume(schedule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let it go on with the next of its times; those that passed meanwhile are not caught up. False when it was not paused.

    Raises ScheduleNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(schedule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        if row.paused_at is None:
            return False
        row.paused_at, row.paused_by, row.paused_reason = None, "", ""
        row.next_at = rows.next_of(row, rows.now())
        row.save()
        rows.record("resumed", row, actor=actor, reason=reason)
    return True
