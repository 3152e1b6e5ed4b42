"""The delivery log: which ends are told to whom, and how far that has come."""

from typing import Any
from urllib.parse import urlsplit

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from actions.errors import ExecutionNotFound, InvalidInput
from actions.ids import parse_id, public_id
from actions.models import Callback, Delivery
from actions.states import Status

STATES = ("pending", "delivered", "dead")
"""Still tried; accepted by the receiver; given up, or cancelled. A retry of its carrier brings a dead one back."""
LARGEST_PAGE = 200


def deliveries(*, execution: str = "", state: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """Deliveries, the newest first, as values ready for JSON; only of one execution, or in one state.

    Raises InvalidInput for a state or a limit that cannot be, ExecutionNotFound where `execution` is no id.
    """
    if state and state not in STATES:
        raise InvalidInput("invalid_state", f"{state[:50]!r} is no state; there are {', '.join(STATES)}.")
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_limit", f"limit lies between 1 and {LARGEST_PAGE}, not {limit}.")
    rows = _with_state()
    if execution:
        key = parse_id(execution)
        if key is None:
            raise ExecutionNotFound(f"{execution[:50]!r} is no id of an execution.")
        rows = rows.filter(execution=key)
    if state:
        rows = rows.filter(state=state)
    found = list(rows.order_by("-ended_at", "-id")[:limit])
    urls = dict(
        Callback.objects.filter(execution__in={row.execution_id for row in found}).values_list("execution_id", "url")
    )
    return [_shown(row, urls.get(row.execution_id, "")) for row in found]


def _with_state() -> QuerySet[Any]:
    """A delivery is dead when its carrier is, or has been pruned: the state follows from the rows, so that no process has
    to keep it up to date."""
    dead = Q(carrier__isnull=False) & (
        Q(carrier__status__isnull=True) | Q(carrier__status__in=[Status.FAILED.value, Status.CANCELLED.value])
    )
    return Delivery.objects.annotate(
        state=Case(
            When(delivered_at__isnull=False, then=Value("delivered")),
            When(dead, then=Value("dead")),
            default=Value("pending"),
            output_field=CharField(),
        ),
        carried_by=F("carrier_id"),
        tries=F("carrier__attempt"),
        next_at=F("carrier__available_at"),
        dead_at=F("carrier__finished_at"),
        fault=F("carrier__error"),
    )


def _shown(row: Any, url: str) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "execution": public_id(row.execution_id),
        "action": row.action,
        "attempt": row.attempt,
        "status": row.status,
        "url": shown_url(url),
        "state": row.state,
        "ended_at": row.ended_at.isoformat(),
        "delivered_at": row.delivered_at.isoformat() if row.delivered_at else None,
        "answered": row.answered,
        "dead_at": row.dead_at.isoformat() if row.state == "dead" and row.dead_at else None,
        "next_at": row.next_at.isoformat() if row.state == "pending" and row.next_at else None,
        "tries": row.tries or 0,
        "error": (row.fault or {}).get("message"),
        "carrier": public_id(row.carried_by) if row.carried_by else None,
    }


def shown_url(url: str) -> str:
    """A URL as it may be shown: its query often holds somebody's token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?••••' if parts.query else ''}" if url else ""
