"""The row of a schedule, as verbs take it, and what the audit keeps of it."""

from datetime import datetime
from typing import Any

from actions import values
from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.statements import fetch
from actions.errors import ScheduleDeclared, ScheduleNotFound
from actions.models import Schedule
from actions.narrowing import Subject
from actions.values.cron import Cron


def locked(schedule: int, *, actor: Actor, verb: str) -> Schedule:
    """The schedule of that id, locked, for an actor who may do the verb to it.

    Raises Forbidden, and ScheduleNotFound also to an API key that may not read its action.
    """
    row = Schedule.objects.select_for_update().filter(pk=schedule).first()
    action = row.action_id if row is not None else ""
    subject = str(row or schedule)[:100]
    if actor.kind != "api_key":
        access.require(actor, verb, subject=subject, action=action)
    elif row is not None and not access.sees(actor, verb, subject=subject, about=Subject("action", action)):
        row = None
    if row is None:
        raise ScheduleNotFound
    return row


def own(row: Schedule) -> Schedule:
    """The row, if people may change it. Raises ScheduleDeclared; what the code has no more is theirs to remove."""
    if row.declared and not row.withdrawn:
        raise ScheduleDeclared
    return row


def now() -> datetime:
    """The database's time."""
    moment: datetime = fetch("clock", {})[0][0]
    return moment


def next_of(row: Schedule, moment: datetime) -> datetime | None:
    """When it is due after that moment, and never again at a time that it has done; None while it is paused."""
    if row.paused_at is not None or row.withdrawn:
        return None
    return Cron(row.cron, row.timezone).next(max(moment, row.last_at or moment))


def facts(row: Schedule) -> dict[str, Any]:
    """What the audit keeps of it: of the params, as everywhere, the fingerprint."""
    return {
        "cron": row.cron,
        "timezone": row.timezone,
        "catch_up": row.catch_up,
        "params": values.check_and_fingerprint(row.params).fingerprint,
    }


def record(verb: str, row: Schedule, *, actor: Actor, reason: str = "", **details: Any) -> None:
    """An audit entry about a schedule."""
    known = {"schedule": row.pk, "name": row.name}
    ledger.record(f"schedule.{verb}", actor=actor, reason=reason, action=row.action_id, details={**known, **details})
