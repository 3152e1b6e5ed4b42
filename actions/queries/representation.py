"""An execution as the API shows it, and pages of them. One statement each, whatever there is to show.

Params and results are as they are stored, secrets as dots, unless it is `dotted` as well; tracebacks stay inside.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections

from actions import prepared
from actions.errors import ExecutionNotFound
from actions.ids import parse_id, public_id
from actions.queries.listing import moment, summary
from actions.redaction import hide

MOST_STEPS = 500
_ATTEMPTS = 200
_ONE = """
SELECT id, action_id, queue, priority, status, attempt, tries, losses, error - 'traceback' AS error,
  actor_kind, actor_id, actor_label, tags, created_at, available_at, started_at, finished_at, parent_id, step,
  params, result, idempotency_key, replay_of_id, cancel_requested_at,
  CASE WHEN attempt > 0 THEN (SELECT json_agg(json_build_object('number', number, 'outcome', outcome, 'started_at', started_at,
      'finished_at', finished_at, 'duration', duration, 'error', error - 'traceback', 'progress', progress) ORDER BY number)
    FROM (SELECT * FROM actions_attempt WHERE execution_id = execution.id ORDER BY number DESC LIMIT %(ATTEMPTS)s) AS attempt
  ) END::text AS attempts,
  (SELECT json_agg(json_build_object('id', id, 'step', step, 'action', action_id, 'status', status, 'attempt', attempt,
      'optional', optional, 'detached', detached) ORDER BY id)
    FROM (SELECT * FROM actions_execution AS below WHERE below.parent_id = execution.id ORDER BY id LIMIT %(STEPS)s) AS below
  )::text AS steps
FROM actions_execution AS execution WHERE id = %(id)s
"""
_COLUMNS = (
    "id", "action_id", "queue", "priority", "status", "attempt", "tries", "losses", "error",
    "actor_kind", "actor_id", "actor_label", "tags", "created_at", "available_at", "started_at", "finished_at",
    "parent_id", "step", "params", "result", "idempotency_key", "replay_of_id", "cancel_requested_at", "attempts", "steps",
)  # fmt: skip


_JSON = ("error", "params", "result", "attempts", "steps")
"""Columns that come as text: Django's connection leaves jsonb as it is."""


def find(id: str) -> dict[str, Any]:  # noqa: A002  (it is the id)
    """The execution of that public id. Raises ExecutionNotFound."""
    row_id = parse_id(id)
    row = _row(row_id) if row_id is not None else None
    if row is None:
        raise ExecutionNotFound(f"There is no execution {id[:64]!r}.")
    columns = dict(zip(_COLUMNS, row, strict=True))
    for name in _JSON:
        if columns[name] is not None:
            columns[name] = json.loads(columns[name])
    return whole(columns)


def whole(row: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the API shows of an execution; `row` has its columns, and attempts and steps where it has any."""
    return {
        **summary(row),
        "error": row["error"],
        "params": row["params"],
        "result": row["result"],
        "idempotency_key": row["idempotency_key"],
        "replay_of": row["replay_of_id"] and public_id(row["replay_of_id"]),
        "cancel_requested_at": moment(row["cancel_requested_at"]),
        "attempts": row["attempts"] or [],
        "steps": [{**step, "id": public_id(UUID(step["id"]))} for step in row["steps"] or ()],
    }


def dotted(found: dict[str, Any]) -> dict[str, Any]:
    """The same with dots for what this installation hides (REDACT_KEYS, REDACT) from those who have not asked for it."""
    return {**found, "params": hide(found["params"]), "result": hide(found["result"])}


def fresh(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same of one that was accepted a moment ago, from the columns that accept wrote."""
    columns = {
        **_NEW,
        **row,
        "action_id": row["action"],
        "idempotency_key": row["key"],
        "replay_of_id": row["replay_of"],
        "params": json.loads(row["params"]),
    }
    return whole(columns)


_UNSET = (
    "error", "result", "started_at", "finished_at", "parent_id", "step", "cancel_requested_at", "attempts", "steps",
)  # fmt: skip
_NEW: dict[str, Any] = {
    "status": "queued",
    **dict.fromkeys(("attempt", "tries", "losses"), 0),
    **dict.fromkeys(_UNSET),
}


def _row(row_id: UUID) -> Sequence[Any] | None:
    given = {"id": row_id, "ATTEMPTS": _ATTEMPTS, "STEPS": MOST_STEPS}
    rows = prepared.fetch(connections[DEFAULT_DB_ALIAS], "representation", _ONE, given, prepare=True)
    return rows[0] if rows else None
