"""fire: one schedule that is due gets its executions, and is due again later; both in one transaction."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import structlog
from cronsim import CronSimError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from actions.crashpoints import crash_point
from actions.definitions.actor import Actor
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.definitions.schedule import refuse_secrets
from actions.engine.accept import accept_many
from actions.engine.schedules import rows
from actions.engine.schedules.due import Due, due
from actions.errors import DoplatformError, IdempotencyInProgress, storable
from actions.models import Schedule
from actions.values.cron import Cron

log = structlog.get_logger(__name__)

_LONGEST_ERROR = 1_000


def fire() -> bool:
    """Do what is due of the schedule that has been due the longest; False when none is, or others are at it.

    A fault of the schedule (its action is gone, the params fit no more) starts nothing, is kept with it, and is audited once;
    its next time comes all the same.
    """
    with transaction.atomic():
        row = (
            Schedule.objects.select_for_update(skip_locked=True)
            .filter(next_at__lte=Now())
            .annotate(now=Now())
            .order_by("next_at", "id")
            .first()
        )
        if row is None:
            return False
        _fire(row, row.now)
    return True


def _fire(row: Schedule, now: datetime) -> None:
    first = row.next_at
    assert first is not None  # it was found by that
    actor = Actor("schedule", str(row.pk), row.name)
    try:
        wanted = due(Cron(row.cron, row.timezone), first, now, row.catch_up)
    except (CronSimError, ZoneInfoNotFoundError, ValueError) as error:
        # Checked when it was kept; another machine may know other time zones.
        _failed(row, actor, first, error)
        _keep(row, next_at=None, last_error_at=first)
        return
    kept: dict[str, Any] = {"next_at": wanted.next}
    fault = _accept(row, wanted.times, actor) if wanted.times else None
    crash_point("schedules.accepted")
    if fault is not None:
        _failed(row, actor, wanted.times[-1], fault)
        kept["last_error_at"] = wanted.times[-1]
    elif wanted.times:
        kept |= {"last_at": wanted.times[-1], "last_error_at": None}
        row.last_error = ""
    _keep(row, **kept)
    if wanted.left_out:
        _skipped(row, actor, first, now, wanted, started=0 if fault else len(wanted.times))


def _accept(row: Schedule, times: list[datetime], actor: Actor) -> Exception | None:
    """One execution for each time; the fault that kept them from being stored."""
    try:
        with transaction.atomic():
            action = registry.triggerable(row.action_id)
            refuse_secrets(action, row.params)
            accept_many(
                action,
                [Invocation(params=row.params, idempotency_key=key_of(row.pk, time), actor=actor) for time in times],
            )
    except (OperationalError, InterfaceError, IdempotencyInProgress):
        # Nobody's fault: it is still due, and tried again.
        raise
    except Exception as error:  # noqa: BLE001  (whatever an action's own code does; other schedules must go on)
        return error
    return None


def key_of(schedule: int, due_at: datetime) -> str:
    """The idempotency key of what a schedule does at one of its times."""
    return f"schedule:{schedule}:{due_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _failed(row: Schedule, actor: Actor, due_at: datetime, error: Exception) -> None:
    """Keep the fault, and tell it where it was another one before."""
    code = error.code if isinstance(error, DoplatformError) else type(error).__name__
    # What code of the action's own says may hold what nobody should read; its class does not.
    message = error.message if isinstance(error, DoplatformError) else f"{code} was raised; nothing was stored."
    message = storable(message)[:_LONGEST_ERROR]
    if message != row.last_error:
        log.warning("schedule_failed", schedule=str(row), error=message)
        rows.record("failed", row, actor=actor, due_at=due_at.isoformat(), code=code, error=message)
    row.last_error = message


def _skipped(row: Schedule, actor: Actor, first: datetime, now: datetime, wanted: Due, *, started: int) -> None:
    rows.record(
        "skipped", row, actor=actor,
        catch_up=row.catch_up, since=first.isoformat(), until=now.isoformat(),
        left_out=wanted.left_out, at_least=wanted.more, started=started,
    )  # fmt: skip


def _keep(row: Schedule, **columns: Any) -> None:
    Schedule.objects.filter(pk=row.pk).update(last_error=row.last_error, **columns)
