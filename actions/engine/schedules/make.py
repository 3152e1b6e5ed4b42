"""make: a person has an action asked for by the clock."""

from django.db import IntegrityError, transaction

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.schedules import rows
from actions.engine.schedules.wanted import Wanted
from actions.errors import InvalidInput
from actions.models import Schedule

MOST = 1_000
"""Schedules of one installation."""
TAKEN = "There is a schedule of that name for this action already."


def make(action: str, wanted: Wanted, *, actor: Actor, reason: str = "") -> int:
    """Keep a schedule of the action called `action`; returns its id.

    Asks for `trigger` as well: who may not have it done now, may not have it done later. Raises Forbidden, ReasonRequired and
    what Wanted.checked raises.
    """
    with access.acting():
        for verb in ("manage_schedules", "trigger"):
            access.require(actor, verb, subject=action, action=action)
        reason = access.checked_reason(actor, reason)
        fit = wanted.checked(action)
        if Schedule.objects.count() >= MOST:
            raise InvalidInput("too_many_schedules", f"There are {MOST:,} schedules; remove one first.", path="name")
        row = Schedule(
            action_id=action, name=fit.name, params=fit.params, cron=fit.cron, timezone=fit.timezone,
            catch_up=fit.catch_up, created_by=actor.label[:255],
        )  # fmt: skip
        row.next_at = rows.next_of(row, rows.now())
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise InvalidInput("name_taken", TAKEN, path="name") from None
        rows.record("created", row, actor=actor, reason=reason, after=rows.facts(row))
    return row.pk
