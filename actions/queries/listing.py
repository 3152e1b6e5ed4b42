"""Many executions at once: the newest first, a page at a time, as values ready for JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from actions.errors import ExecutionNotFound, InvalidInput
from actions.ids import parse_id, public_id
from actions.models import Execution
from actions.queries.executions import of_kind
from actions.states import FINISHED, Status

KINDS = ("top", "workflow", "step")
"""What belongs to no workflow; workflows; their steps."""
LARGEST_PAGE = 1_000
LONGEST_RETENTION = 3_650
"""Days."""

COLUMNS = (
    "id", "action_id", "queue", "priority", "status", "attempt", "tries", "losses", "error", "actor_kind", "actor_id",
    "actor_label", "tags", "created_at", "available_at", "started_at", "finished_at",
    "parent_id", "step",
)  # fmt: skip


def executions(
    *,
    statuses: Sequence[str] = (),
    action: str = "",
    queue: str = "",
    kind: str = "",
    workflow: str = "",
    before: str = "",
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Executions, newest first: at most `limit` of them, older than the execution `before` where one is named.

    `kind` is one of KINDS; `workflow` leaves only the steps of that one. Params, results and tracebacks are left out.
    Raises InvalidInput for a status, a kind or a limit that cannot be, and ExecutionNotFound when `before` or `workflow`
    is no id.
    """
    unknown = sorted(set(statuses) - set(Status))
    if unknown:
        raise InvalidInput("invalid_status", f"{unknown[0]!r} is no status; there are {', '.join(Status)}.")
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_limit", f"limit lies between 1 and {LARGEST_PAGE:,}, not {limit}.")
    rows = Execution.objects.order_by("-id")
    if statuses:
        rows = rows.filter(status__in=statuses)
    for column, name in (("action_id", action), ("queue", queue)):
        if name:
            if not _storable(name):
                return []
            rows = rows.filter(**{column: name})
    if kind and kind not in KINDS:
        raise InvalidInput("invalid_kind", f"{kind!r} is no kind; there are {', '.join(KINDS)}.")
    if kind:
        rows = of_kind(rows, kind)
    if workflow:
        rows = rows.filter(parent=_named(workflow))
    if before:
        rows = rows.filter(id__lt=_named(before))
    return [summary(row) for row in rows.values(*COLUMNS)[:limit]]


def _named(id_: str) -> UUID:
    found = parse_id(id_)
    if found is None:
        raise ExecutionNotFound(f"There is no execution {id_[:64]!r}.")
    return found


def summary(row: Mapping[str, Any]) -> dict[str, Any]:
    """What every list shows of an execution; `row` has its columns."""
    error = row["error"] or None
    return {
        "id": public_id(row["id"]),
        "action": row["action_id"],
        "queue": row["queue"],
        "priority": row["priority"],
        "status": row["status"],
        "attempt": row["attempt"],
        "tries": row["tries"],
        "losses": row["losses"],
        "error": error and {"code": error.get("code"), "message": error.get("message")},
        "actor": actor(row),
        "tags": row["tags"],
        "created_at": moment(row["created_at"]),
        "available_at": moment(row["available_at"]),
        "started_at": moment(row["started_at"]),
        "finished_at": moment(row["finished_at"]),
        "workflow": row["parent_id"] and public_id(row["parent_id"]),
        "step": row["step"],
    }


def prunable(days: int) -> int:
    """How many executions ended more than `days` ago. Raises InvalidInput."""
    if not 1 <= days <= LONGEST_RETENTION:
        raise InvalidInput("invalid_days", f"Executions are kept for 1 to {LONGEST_RETENTION:,} days, not {days}.")
    return Execution.objects.filter(status__in=sorted(FINISHED), finished_at__lt=Now() - timedelta(days=days)).count()


def actor(row: Mapping[str, Any]) -> dict[str, str]:
    """Who asked, from the three columns that keep it."""
    return {"kind": row["actor_kind"], "id": row["actor_id"], "label": row["actor_label"]}


def moment(at: datetime | None) -> str | None:
    """A time as ISO 8601 with its zone."""
    return None if at is None else at.isoformat()


def _storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text` at all; nothing has a name that it cannot."""
    return "\0" not in text and text.isprintable()
