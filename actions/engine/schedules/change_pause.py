"""change a pause: a paused schedule stays so until another time, or for another reason."""

from datetime import datetime

from actions.definitions.actor import Actor
from actions.engine import access, standing
from actions.engine.schedules import rows


def change_schedule_pause(
    schedule: int, *, actor: Actor, until: datetime | None, reason: str = "", seen: str | None = None
) -> bool:
    """As engine.operate.change_pause, for a schedule. Raises ScheduleNotFound where there is none."""
    with access.acting():
        row = rows.locked(schedule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        details = standing.renew(row, actor=actor, reason=reason, until=standing.checked(until), seen=seen)
        if details is None:
            return False
        rows.record("pause_changed", row, actor=actor, reason=reason, **details)
    return True
