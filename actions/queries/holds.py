"""Why one execution waits: what holds it back now, by one statement that costs the same whatever waits."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions import conf
from actions.holds import Facts, Hold, Reason, reasons, waits
from actions.queries.health import fresh_since
from actions.states import DUE

MOST_BEFORE = 1_000
"""Entries of the claim's index that are looked at in front of one."""

# As claim.sql and claim_limited.sql judge. What a claim takes first is read from the front of the index that it reads itself,
# which ends after so many entries; what is due later, held by a pause, or taken by another kind of claim is not counted.
_FACTS = """
WITH tag AS MATERIALIZED (
  SELECT coalesce(array_agg(name::text), '{}') AS paused FROM actions_tag WHERE paused_at IS NOT NULL
), mine AS MATERIALIZED (
  SELECT execution.*, execution.available_at > now() AS early, action.max_concurrency, action.declared, action.queue AS home,
    coalesce(action.tags, '[]') AS given
  FROM actions_execution AS execution LEFT JOIN actions_action AS action ON action.name = execution.action_id
  WHERE execution.id = %(id)s AND execution.status IN ('queued', 'retrying', 'waiting', 'blocked')
)
SELECT mine.action_id, mine.queue, mine.status, mine.available_at, mine.early,
  (SELECT coalesce(jsonb_agg(pause ORDER BY rank, name), '[]') FROM (
    SELECT 1 AS rank, 'queue' AS kind, name, paused_by AS by, paused_reason AS reason, paused_until AS until
    FROM actions_queue WHERE name = mine.queue AND paused_at IS NOT NULL
    UNION ALL
    SELECT 2, 'action', name, paused_by, paused_reason, paused_until
    FROM actions_action WHERE name = mine.action_id AND paused_at IS NOT NULL
    UNION ALL
    SELECT 3, 'tag', name, paused_by, paused_reason, paused_until
    FROM actions_tag WHERE paused_at IS NOT NULL AND (name = ANY (mine.tags) OR mine.given ? name::text)) AS pause)::text,
  workers.live, workers.quiet, workers.stopping, mine.max_concurrency, coalesce(mine.declared, false), coalesce(mine.home, ''),
  CASE WHEN mine.max_concurrency IS NOT NULL THEN
    (SELECT count(*) FROM actions_execution WHERE action_id = mine.action_id AND status = 'running') ELSE 0 END,
  coalesce(first.number, 0), coalesce(first.more, false), mine.awaited_event, mine.wake_at, cardinality(mine.awaits) > 0
FROM mine
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE stop_at IS NULL AND quiet_at IS NULL) AS live,
    count(*) FILTER (WHERE stop_at IS NULL AND quiet_at IS NOT NULL) AS quiet,
    count(*) FILTER (WHERE stop_at IS NOT NULL) AS stopping
  FROM actions_worker WHERE gone_at IS NULL AND heartbeat_at >= %(fresh)s AND mine.queue = ANY (queues)
) AS workers
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (
      WHERE available_at <= now() AND NOT before.tags && (SELECT paused FROM tag)::varchar[]
        AND CASE WHEN mine.max_concurrency IS NOT NULL THEN before.action_id = mine.action_id
          ELSE before.action_id <> ALL (ARRAY(
            SELECT name FROM actions_action WHERE paused_at IS NOT NULL OR max_concurrency IS NOT NULL
              OR tags ?| (SELECT paused FROM tag))) END) AS number,
    count(*) > %(most)s AS more
  FROM (
    SELECT action_id, tags, available_at FROM actions_execution AS execution
    WHERE execution.queue = mine.queue AND execution.status IN ('queued', 'retrying')
      AND (execution.priority, execution.available_at, execution.id) < (mine.priority, mine.available_at, mine.id)
    ORDER BY priority, available_at, id LIMIT %(most)s + 1) AS before
) AS first ON mine.status IN ('queued', 'retrying') AND NOT mine.early
"""


def why(execution_id: UUID) -> tuple[Reason, ...]:
    """Why an execution that is queued or retrying is not started now, or one that is waiting or blocked does not go on; nothing
    of one that is at work or has ended."""
    params: dict[str, Any] = {"id": execution_id, "fresh": fresh_since(), "most": MOST_BEFORE}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, params)
        row = cursor.fetchone()
    if row is None:
        return ()
    action, queue, status, available_at, early, pauses, live, quiet, stopping, limit, declared, home, running, *rest = (
        row
    )
    before, more, event, until, steps = rest
    if status not in DUE:
        return waits(status=status, event=event, until=until, steps=bool(steps))
    return reasons(
        Facts(
            action=action,
            queue=queue,
            available_at=available_at if early else None,
            pauses=tuple(_hold(pause) for pause in json.loads(pauses)),
            workers=live,
            quiet=quiet,
            stopping=stopping,
            limit=limit,
            running=running,
            # What is only switched off is still in the code, and what was asked for before is done.
            known=declared or action in conf.get().ACTIONS_DISABLED,
            home=home,
            before=before,
            more_before=more,
        )
    )


def _hold(pause: dict[str, Any]) -> Hold:
    until = pause["until"] and datetime.fromisoformat(pause["until"])
    return Hold(pause["kind"], pause["name"], pause["by"], pause["reason"], until)
