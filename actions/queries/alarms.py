"""What everybody who looks should know first: nobody at work, nobody looking after the work, what is paused."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.ids import public_id
from actions.queries.health import fresh_since
from actions.queries.schedules import GRACE

MOST_PAUSES = 50
MOST_CREW = 6

# Workers stand as queries.crew says, schedules as the states of queries.schedules say.
# A lock by one bigint shows as two halves and objsubid 1.
_ALARMS = """
WITH standing AS MATERIALIZED (
  SELECT *, CASE WHEN heartbeat_at < %(fresh)s THEN 'silent' WHEN stop_at IS NOT NULL THEN 'stopping'
    WHEN quiet_at IS NOT NULL THEN 'quiet' ELSE 'live' END AS state
  FROM actions_worker WHERE gone_at IS NULL)
SELECT
  (SELECT coalesce(jsonb_object_agg(state, number), '{}')
   FROM (SELECT state, count(*) AS number FROM standing GROUP BY state) AS counted)::text,
  (SELECT coalesce(jsonb_agg(to_jsonb(worker) ORDER BY worker.name), '[]')
   FROM (
     SELECT name, heartbeat_at, current, state
     FROM standing ORDER BY started_at DESC LIMIT %(crew)s) AS worker)::text,
  EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = %(lock)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
  (SELECT coalesce(jsonb_agg(to_jsonb(pause) ORDER BY pause.kind <> 'queue', pause.at), '[]')
   FROM (
     SELECT * FROM (
       SELECT 'queue' AS kind, name, paused_by AS by, paused_at AS at, paused_reason AS reason, paused_until AS until
       FROM actions_queue WHERE paused_at IS NOT NULL
       UNION ALL
       SELECT 'action', name, paused_by, paused_at, paused_reason, paused_until
       FROM actions_action WHERE paused_at IS NOT NULL
       UNION ALL
       SELECT 'tag', name, paused_by, paused_at, paused_reason, paused_until
       FROM actions_tag WHERE paused_at IS NOT NULL) AS every
     ORDER BY kind <> 'queue', at LIMIT %(most)s) AS pause)::text,
  planned.late, planned.failing
FROM (
  SELECT count(*) FILTER (WHERE next_at < now() - %(grace)s) AS late,
    count(*) FILTER (WHERE last_error <> '' AND paused_at IS NULL AND NOT withdrawn) AS failing
  FROM actions_schedule WHERE action_id LIKE ANY (%(likes)s::text[])) AS planned
"""


@dataclass(frozen=True, slots=True)
class Pause:
    """An action, a queue or a tag that somebody has paused."""

    kind: str
    name: str
    by: str
    at: datetime
    reason: str
    until: datetime | None
    """When it goes on by itself; None for when somebody resumes it."""


@dataclass(frozen=True, slots=True)
class Crew:
    """A worker that has not left."""

    name: str
    heartbeat_at: datetime
    current: str
    """The execution at its last heartbeat; empty for none."""
    state: str
    """live, quiet, stopping or silent."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """How things stand beside the executions."""

    workers: int
    """Workers that take."""
    quiet: int
    """Workers that are there, and take nothing new."""
    stopping: int
    silent: int
    """Workers that have not left and are not heard either."""
    crew: tuple[Crew, ...]
    """The first few of those that have not left."""
    maintained: bool
    """Whether a maintain acts."""
    pauses: tuple[Pause, ...]
    """Queues first, whose pause stops most; then the oldest first."""
    late: int
    """Schedules that are due and have not been fired."""
    failing: int
    """Schedules whose last time started nothing."""


def alarms(*, maintain_lock: int) -> Alarms:
    """By one statement; `maintain_lock` is the advisory lock that an acting maintain holds."""
    likes = narrowing.likes()
    params: dict[str, Any] = {
        "fresh": fresh_since(),
        "lock": maintain_lock,
        "most": MOST_PAUSES,
        "crew": MOST_CREW,
        "grace": GRACE,
        "likes": ["%"] if likes is None else likes,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ALARMS, params)
        counted, crew, maintained, pauses, late, failing = cursor.fetchone()
    counts = json.loads(counted)
    return Alarms(
        workers=counts.get("live", 0),
        quiet=counts.get("quiet", 0),
        stopping=counts.get("stopping", 0),
        silent=counts.get("silent", 0),
        crew=tuple(_crew(**worker) for worker in json.loads(crew)),
        maintained=maintained,
        pauses=tuple(
            _pause(**pause)
            for pause in json.loads(pauses)
            if pause["kind"] != "action" or not narrowing.hidden(pause["name"])
        ),
        late=late,
        failing=failing,
    )


def _pause(*, at: str, until: str | None, **said: str) -> Pause:
    return Pause(at=datetime.fromisoformat(at), until=datetime.fromisoformat(until) if until else None, **said)


def _crew(*, name: str, heartbeat_at: str, current: str | None, state: str) -> Crew:
    on = public_id(UUID(current)) if current else ""
    return Crew(name, datetime.fromisoformat(heartbeat_at), on, state)
