"""What everybody who looks should know first: nobody at work, nobody looking after the work, what is paused."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from actions.queries.health import fresh_since

MOST_PAUSES = 50

# A lock by one bigint shows as two halves and objsubid 1.
_ALARMS = """
SELECT
  (SELECT count(*) FROM actions_worker WHERE gone_at IS NULL AND heartbeat_at >= %(fresh)s),
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
     ORDER BY at LIMIT %(most)s) AS pause)::text
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
class Alarms:
    """How things stand beside the executions."""

    workers: int
    """Workers whose heartbeat is fresh."""
    maintained: bool
    """Whether a maintain acts."""
    pauses: tuple[Pause, ...]
    """The oldest first."""


def alarms(*, maintain_lock: int) -> Alarms:
    """By one statement; `maintain_lock` is the advisory lock that an acting maintain holds."""
    with connection.cursor() as cursor:
        cursor.execute(_ALARMS, {"fresh": fresh_since(), "lock": maintain_lock, "most": MOST_PAUSES})
        workers, maintained, pauses = cursor.fetchone()
    found = (Pause(**{**pause, "at": datetime.fromisoformat(pause["at"])}) for pause in json.loads(pauses))
    return Alarms(workers, maintained, tuple(found))
