"""remove: a schedule comes no more."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.schedules import rows


def remove(schedule: int, *, actor: Actor, reason: str = "") -> str:
    """Forget the schedule; returns its name. What it has started goes on and stays.

    Raises ScheduleNotFound, ScheduleDeclared, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.own(rows.locked(schedule, actor=actor, verb="manage_schedules"))
        reason = access.checked_reason(actor, reason)
        rows.record("removed", row, actor=actor, reason=reason, before=rows.facts(row))
        row.delete()
    return row.name
