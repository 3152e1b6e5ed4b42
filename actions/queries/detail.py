"""One execution with everything that happened to it, as values ready for JSON."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from actions.errors import ExecutionNotFound
from actions.ids import parse_id, public_id
from actions.models import Attempt, AuditEntry, Execution
from actions.queries import holds
from actions.queries.composition import composition
from actions.queries.listing import actor, moment, summary
from actions.redaction import hide

MOST_ATTEMPTS = 200
"""Attempts shown, the latest; an execution that was postponed for days has thousands."""
MOST_ENTRIES = 500
Shown = Callable[[Any], Any]
"""From a value as it is stored to what is shown of it."""


def execution(id: str, *, whole: bool = False) -> dict[str, Any]:  # noqa: A002  (it is the id)
    """What a list shows of the execution called `id`, and its params, result, error, attempts and audit, oldest first; of a
    workflow its steps, of a step its place.

    Secret params are dots, as they are stored; `whole` shows what this installation hides beside them. Raises
    ExecutionNotFound.
    """
    row_id = parse_id(id)
    row = Execution.objects.filter(pk=row_id).values().first() if row_id else None
    if row is None:
        raise ExecutionNotFound(f"There is no execution {id[:64]!r}.")
    shown: Shown = _as_it_is if whole else hide
    return {
        **summary(row),
        "params": shown(row["params"]),
        "result": shown(row["result"]),
        "error": row["error"],
        "fingerprint": row["fingerprint"],
        "idempotency_key": row["idempotency_key"],
        "replay_of": row["replay_of_id"] and public_id(row["replay_of_id"]),
        "replays": [public_id(replay) for replay in _replays(row["id"], row["action_id"])],
        "cancel_requested_at": moment(row["cancel_requested_at"]),
        "waits_for": [reason.as_json for reason in holds.why(row["id"])],
        "attempts": attempts(row["id"], shown),
        "audit": audit(row["id"]),
        **composition(row["id"], shown),
    }


def attempts(execution_id: UUID, shown: Shown = hide) -> list[dict[str, Any]]:
    """The latest attempts of an execution, in their order."""
    rows = Attempt.objects.filter(execution_id=execution_id).order_by("-number").values(
        "number", "worker_id", "worker__host", "worker__pid", "started_at", "finished_at", "duration", "outcome",
        "error", "progress", "lines",
    )[:MOST_ATTEMPTS]  # fmt: skip
    return [
        {
            "number": row["number"],
            "worker": {"id": row["worker_id"], "host": row["worker__host"], "pid": row["worker__pid"]},
            "started_at": moment(row["started_at"]),
            "finished_at": moment(row["finished_at"]),
            "duration": row["duration"],
            "outcome": row["outcome"],
            "error": row["error"],
            "progress": row["progress"],
            "lines": [
                {**line, "fields": shown(line["fields"])} if "fields" in line else line for line in row["lines"] or []
            ],
        }
        for row in reversed(rows)
    ]


def audit(execution_id: UUID) -> list[dict[str, Any]]:
    """The latest audit entries of an execution, in their order."""
    rows = AuditEntry.objects.filter(execution_id=execution_id).order_by("-id").values()[:MOST_ENTRIES]
    return [
        {
            "id": row["id"],
            "at": moment(row["at"]),
            "verb": row["verb"],
            "actor": actor(row),
            "attempt": row["attempt"],
            "reason": row["reason"],
            "data": hide(row["data"]),
        }
        for row in reversed(rows)
    ]


def _as_it_is(value: Any) -> Any:
    return value


def _replays(execution_id: UUID, action: str) -> list[UUID]:
    """Ids of the first replays. Replays are of the same action and younger, which is what the index can answer."""
    rows = Execution.objects.filter(action_id=action, id__gt=execution_id, replay_of_id=execution_id)
    return list(rows.order_by("id").values_list("id", flat=True)[:20])
