"""Failures that nobody has handled: what stands failed, is not marked as handled, and belongs to no group of failures that is
ignored, or was resolved since it failed. Read between the groups that are handled, so that it costs what is
open and not what has ever failed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing

MOST = 500
"""Executions that are looked at."""
MOST_GROUPS = 5_000
"""Groups that are handled; what lies beyond is not looked at."""
_EVERYTHING = ["%"]

# By the index execution_unhandled, which has them by their groups: what lies between two groups that are handled, one stretch
# after another, so that what stands in these is not read, and what is in no group yet is open too; and of a group that was
# resolved, what failed since. In no order: that would make the fingerprint of each row anew.
OPEN = """
WITH handled AS MATERIALIZED (
  SELECT fingerprint, CASE WHEN state = 'resolved' THEN state_at END AS since
  FROM actions_errorgroup
  WHERE state = 'resolved' OR (state = 'ignored' AND (ignored_until IS NULL OR ignored_until > now()))
  ORDER BY fingerprint LIMIT %(groups)s
), stretch (low, high) AS MATERIALIZED (
  SELECT '', coalesce(min(fingerprint), 'g') FROM handled
  UNION ALL
  SELECT fingerprint, coalesce(lead(fingerprint) OVER (ORDER BY fingerprint),
    CASE WHEN (SELECT count(*) FROM handled) < %(groups)s THEN 'g' ELSE fingerprint END)
  FROM handled
), looked AS MATERIALIZED (
  SELECT found.*
  FROM stretch CROSS JOIN LATERAL (
    SELECT execution.id, execution.finished_at, execution.action_id FROM actions_execution AS execution
    WHERE execution.status = 'failed' AND execution.handled_attempt IS DISTINCT FROM execution.attempt
      AND actions_error_group(execution.action_id, execution.error) > stretch.low
      AND actions_error_group(execution.action_id, execution.error) < stretch.high
    LIMIT %(most)s) AS found
  UNION ALL
  SELECT found.*
  FROM handled CROSS JOIN LATERAL (
    SELECT execution.id, execution.finished_at, execution.action_id FROM actions_execution AS execution
    WHERE execution.status = 'failed' AND execution.handled_attempt IS DISTINCT FROM execution.attempt
      AND actions_error_group(execution.action_id, execution.error) >= handled.fingerprint
      AND actions_error_group(execution.action_id, execution.error) <= handled.fingerprint
      AND execution.finished_at > handled.since
    LIMIT %(most)s) AS found
  WHERE handled.since IS NOT NULL
  LIMIT %(most)s
), open AS MATERIALIZED (
  SELECT id, finished_at FROM looked WHERE action_id LIKE ANY (%(likes)s::text[])
)
"""
"""What a statement about it begins with: `open` has them, `looked` those of others too, `handled` the groups that are handled."""
_IDS = """
SELECT CASE WHEN (SELECT count(*) FROM looked) < %(most)s THEN coalesce((SELECT array_agg(id) FROM open), '{}') ELSE '{}' END,
  (SELECT count(*) FROM looked), (SELECT count(*) FROM handled)
"""
_OPEN = OPEN + _IDS


@dataclass(frozen=True, slots=True)
class Unhandled:
    """The ids of what nobody has handled; with `more` there are too many, or may be others."""

    ids: list[UUID]
    more: bool


def unhandled() -> Unhandled:
    """What nobody has handled, up to a bound. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, bounds())
        ids, looked, groups = cursor.fetchone()
    return Unhandled(ids, looked > MOST or groups > MOST_GROUPS)


def bounds() -> dict[str, Any]:
    """The parameters of OPEN."""
    likes = narrowing.likes()
    return {"most": MOST + 1, "groups": MOST_GROUPS + 1, "likes": _EVERYTHING if likes is None else likes}
