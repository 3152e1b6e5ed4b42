"""What is late: due for over a minute, not paused, and nobody has taken it. Read by the index of the claims, so that it costs
what is late and not what is scheduled."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.queries.search.clauses import LATE

MOST = 20_000
"""Executions that are looked at."""
_EVERYTHING = ["%"]

# From one priority of a queue to its next, and within each from what has been due longest: no row that is not late is read, but
# those of paused actions and tags.
LOOKED = """
WITH RECURSIVE level (queue, priority) AS (
  (SELECT queue, priority FROM actions_execution WHERE status IN ('queued', 'retrying') ORDER BY queue, priority LIMIT 1)
  UNION ALL
  SELECT next.queue, next.priority
  FROM level CROSS JOIN LATERAL (
    SELECT execution.queue, execution.priority FROM actions_execution AS execution
    WHERE (execution.queue, execution.priority) > (level.queue, level.priority) AND status IN ('queued', 'retrying')
    ORDER BY execution.queue, execution.priority LIMIT 1) AS next
), looked AS MATERIALIZED (
  SELECT due.id, due.action_id, due.tags, level.queue
  FROM level CROSS JOIN LATERAL (
    SELECT id, action_id, tags, available_at FROM actions_execution AS execution
    WHERE execution.queue = level.queue AND execution.priority = level.priority AND available_at < %(before)s
      AND status IN ('queued', 'retrying')
    ORDER BY available_at LIMIT %(most)s) AS due
  WHERE level.queue <> ALL (ARRAY(SELECT name FROM actions_queue WHERE paused_at IS NOT NULL))
  LIMIT %(most)s
), late AS MATERIALIZED (
  SELECT id, queue FROM looked
  WHERE action_id <> ALL (ARRAY(
      SELECT name FROM actions_action WHERE paused_at IS NOT NULL
        OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)))
    AND NOT tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)
    AND action_id LIKE ANY (%(likes)s::text[])
)
"""
"""What a statement about it begins with: `late` has what is late, `looked` what was looked at."""
_IDS = """
SELECT coalesce((SELECT array_agg(id) FROM late), '{}'), (SELECT count(*) FROM looked)
"""
_LATE = LOOKED + _IDS


@dataclass(frozen=True, slots=True)
class Late:
    """The ids of what is late; `more`: there may be others."""

    ids: list[UUID]
    more: bool


def late(now: datetime) -> Late:
    """What is late at that time, up to a bound. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LATE, at(now))
        ids, looked = cursor.fetchone()
    return Late(ids, looked > MOST)


def at(now: datetime) -> dict[str, Any]:
    """The parameters of LOOKED."""
    likes = narrowing.likes()
    return {"before": now - timedelta(seconds=LATE), "most": MOST + 1, "likes": _EVERYTHING if likes is None else likes}
