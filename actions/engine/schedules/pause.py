"""pause and resume: a schedule that does nothing until somebody, or the time, lets it go on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from cronsim import CronSimError
from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, standing
from actions.engine.schedules import rows
from actions.models import Schedule

_INSTANT = timedelta(microseconds=1)


def pause(schedule: int, *, actor: Actor, reason: str = "", until: datetime | None = None) -> bool:
    """Let its times pass. False when it was paused already, which changes nothing.

    At `until` maintain resumes it; None: when somebody does. Raises ScheduleNotFound, Forbidden, ReasonRequired, and
    InvalidInput for a time that has passed, is more than a year ahead, or lacks its zone.
    """
    with access.acting():
        row = rows.locked(schedule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        until = standing.checked(until)
        if row.paused_at is not None:
            return False
        Schedule.objects.filter(pk=row.pk).update(
            paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason, paused_until=until, next_at=None
        )
        rows.record("paused", row, actor=actor, reason=reason, **({"until": until.isoformat()} if until else {}))
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
        _forget(row)
        row.next_at = rows.next_of(row, rows.now())
        row.save()
        rows.record("resumed", row, actor=actor, reason=reason)
    return True


def lapse(schedule: int, *, actor: Actor, reason: str) -> bool:
    """Let it go on with the first of its times from the one on until which it was paused; in the caller's transaction. False
    when it is not paused until a time that has come.

    Those before are not caught up. One that came since then, while nobody looked, is on time or missed as any other.
    """
    row = Schedule.objects.select_for_update().filter(pk=schedule, paused_until__lte=Now()).first()
    if row is None:
        return False
    until = row.paused_until
    assert until is not None  # it was found by that
    _forget(row)
    try:
        row.next_at = rows.next_of(row, until - _INSTANT)
    except (CronSimError, ZoneInfoNotFoundError, ValueError):
        # Another machine may know other time zones. It is due at once, and then says what is wrong.
        row.next_at = until
    row.save()
    rows.record("resumed", row, actor=actor, reason=reason)
    return True


def _forget(row: Schedule) -> None:
    row.paused_at, row.paused_by, row.paused_reason, row.paused_until = None, "", "", None
