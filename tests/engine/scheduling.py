"""Schedules of the tests: made, due, and what came of them."""

import json
from datetime import datetime, timedelta
from typing import Any

from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.models import Schedule
from tests.stage import ALICE, rows

YEARLY = "0 0 1 1 *"


def made(action: str = "test-noop", name: str = "nightly", cron: str = YEARLY, **wanted: Any) -> int:
    return make(action, Wanted(name=name, cron=cron, **wanted), actor=ALICE)


def due_at(schedule: int, ago: timedelta = timedelta(0)) -> datetime:
    """Let it be due, a while ago, at a full second."""
    rows("UPDATE actions_schedule SET next_at = date_trunc('second', now()) - %s WHERE id = %s", ago, schedule)
    return of(schedule)["next_at"]


def of(schedule: int) -> dict[str, Any]:
    return Schedule.objects.filter(pk=schedule).values().get()


def started() -> list[tuple[str, str, str]]:
    """Key, actor and action of all executions, in order."""
    return rows(
        "SELECT idempotency_key, actor_kind || ':' || actor_id || ' ' || actor_label, action_id "
        "FROM actions_execution ORDER BY id"
    )


def audited(verb: str) -> list[dict[str, Any]]:
    found = rows("SELECT data FROM actions_auditentry WHERE verb = %s ORDER BY id", f"schedule.{verb}")
    return [json.loads(data) if isinstance(data, str) else data for (data,) in found]
