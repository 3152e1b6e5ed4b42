"""What everybody who looks should know first: nobody at work, nobody looking after the work, what is paused."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.queries.health import fresh_since
from actions.queries.schedules import GRACE

MOST_PAUSES = 50
MOST_CREW = 6

# A lock by one bigint shows as two halves and objsubid 1.
_ALARMS = """
SELECT
  (SELECT count(*) FROM actions_worker WHERE gone_at IS NULL AND heartbeat_at >= %(fresh)s),
  (SELECT coalesce(jsonb_agg(to_jsonb(worker) ORDER BY worker.name), '[]')
   FROM (
     SELECT name, heartbeat_at, current, heartbeat_at >= %(fresh)s AS fresh
     FROM actions_worker WHERE gone_at IS NULL ORDER BY started_at DESC LIMIT %(crew)s) AS worker)::text,
  EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = %(lock)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
  (SELECT coalesce(jsonb_agg(to_jsonb(pause) ORDER BY pause.at), '[]')
   FROM (
     SELECT 'queue' AS kind, name, paused_by AS by, paused_at AS at, paused_reason AS reason
     FROM actions_queue WHERE paused_at IS NOT NULL
     UNION ALL
     SELECT 'action', name, paused_by, paused_at, paused_reason FROM actions_action WHERE paused_at IS NOT NULL
     ORDER BY at LIMIT %(most)s) AS pause)::text,
  (SELECT count(*) FROM actions_schedule WHERE next_at < now() - %(grace)s)
"""


@dataclass(frozen=True, slots=True)
class Pause:
    """An action or a queue that somebody has paused."""

    kind: str
    name: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Crew:
    """A worker that has not left."""

    name: str
    heartbeat_at: datetime
    current: str
    """The execution at its last heartbeat; empty for none."""
    state: str
    """live or silent."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """How things stand beside the executions."""

    workers: int
    """Workers whose heartbeat is fresh."""
    crew: tuple[Crew, ...]
    """The first few of those that have not left."""
    maintained: bool
    """Whether a maintain acts."""
    pauses: tuple[Pause, ...]
    """The oldest first."""
    late: int
    """Schedules that are due and have not been fired."""


def alarms(*, maintain_lock: int) -> Alarms:
    """By one statement; `maintain_lock` is the advisory lock that an acting maintain holds."""
    params: dict[str, Any] = {
        "fresh": fresh_since(),
        "lock": maintain_lock,
        "most": MOST_PAUSES,
        "crew": MOST_CREW,
        "grace": GRACE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ALARMS, params)
        workers, crew, maintained, pauses, late = cursor.fetchone()
    return Alarms(
        workers=workers,
        crew=tuple(_crew(**worker) for worker in json.loads(crew)),
        maintained=maintained,
        pauses=tuple(Pause(**{**pause, "at": datetime.fromisoformat(pause["at"])}) for pause in json.loads(pauses)),
        late=late,
    )


def _crew(*, name: str, heartbeat_at: str, current: str | None, fresh: bool) -> Crew:
    on = public_id(UUID(current)) if current else ""
    return Crew(name, datetime.fromisoformat(heartbeat_at), on, "live" if fresh else "silent")
