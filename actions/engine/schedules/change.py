"""change: a person has it done at other times, or with other params."""

from django.db import IntegrityError, transaction

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.schedules import rows
from actions.engine.schedules.make import TAKEN
from actions.engine.schedules.wanted import Wanted
from actions.errors import InvalidInput

_KEPT = ("name", "cron", "timezone", "params", "catch_up")


def change(schedule: int, wanted: Wanted, *, actor: Actor, reason: str = "") -> bool:
    """Let the schedule be as wanted; False when it was so before. Times of the old expression are not caught up.

    Raises ScheduleNotFound, ScheduleDeclared, Forbidden, ReasonRequired and what Wanted.checked raises.
    """
    with access.acting():
        row = rows.own(rows.locked(schedule, actor=actor, verb="manage_schedules"))
        access.require(actor, "trigger", subject=str(row), action=row.action_id)
        reason = access.checked_reason(actor, reason)
        fit = wanted.checked(row.action_id)
        before, old_name = rows.facts(row), row.name
        changed = [name for name in _KEPT if getattr(row, name) != getattr(fit, name)]
        if not changed:
            return False
        for name in changed:
            setattr(row, name, getattr(fit, name))
        if {"cron", "timezone"} & set(changed):
            row.next_at = rows.next_of(row, rows.now())
        # It may work now; if not, the next time says so.
        row.last_error, row.last_error_at = "", None
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise InvalidInput("name_taken", TAKEN, path="name") from None
        rows.record(
            "changed", row, actor=actor, reason=reason,
            before={"name": old_name, **before}, after={"name": row.name, **rows.facts(row)},
        )  # fmt: skip
    return True
