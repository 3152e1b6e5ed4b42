"""The delivery log: which ends are told to whom, and how far that has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import BooleanField, Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from actions import narrowing
from actions.errors import ExecutionNotFound, InvalidInput
from actions.ids import parse_id, public_id
from actions.models import Callback, Delivery
from actions.queries.search.cursors import Place, place_of
from actions.states import Status

STATES = ("pending", "delivered", "dead")
"""Still tried; accepted by the receiver; given up, or cancelled. A retry of its carrier brings a dead one back."""
LARGEST_PAGE = 200
WINDOW = 20_000
"""Deliveries that a page of one state looks at: the state follows from the carrier, so that no index has it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some deliveries, newest first, and the cursor of what follows (None: nothing does)."""

    rows: tuple[Any, ...]
    """Delivery, with state, carried_by, carrier_status, tries, next_at, dead_at, fault and host."""
    next: str | None
    limited: bool
    """Whether the page stopped at the end of its window; `next` goes on from there."""


def page(*, execution: str = "", state: str = "", cursor: str = "", limit: int = 50) -> Page:
    """Deliveries from a cursor on; only of one execution, or in one state.

    Raises InvalidInput for a state or a cursor that cannot be, ExecutionNotFound where `execution` is no id.
    """
    rows = _asked(execution, state).order_by("-ended_at", "-id")
    place = place_of(cursor, by_end=True)
    if place is not None:
        rows = rows.filter(_before(place))
    end = None
    if state and not execution:
        rows, end = _window(rows, place)
    found = list(rows[: limit + 1])
    shown, more = found[:limit], len(found) > limit
    urls = _urls(shown)
    for row in shown:
        row.host = host_of(urls.get(row.execution_id, ""))
    last = Place(shown[-1].id, shown[-1].ended_at) if more else end
    return Page(tuple(shown), str(last) if last else None, not more and end is not None)


def _window(rows: QuerySet[Any], place: Place | None) -> tuple[QuerySet[Any], Place | None]:
    """The rows among the next WINDOW deliveries, and where that ends (None: it reaches to the end)."""
    all_ = Delivery.objects.order_by("-ended_at", "-id")
    if place is not None:
        all_ = all_.filter(_before(place))
    end = all_.values_list("id", "ended_at")[WINDOW - 1 : WINDOW].first()
    if end is None:
        return rows, None
    return rows.filter(ended_at__gte=end[1]), Place(end[0], end[1])


def _before(place: Place) -> Q:
    at: datetime | None = place.at
    return Q(ended_at__lt=at) | Q(ended_at=at, id__lt=place.id)


def host_of(url: str) -> str:
    """Where a URL leads: its host alone, because paths and queries of webhooks are often secrets."""
    return urlsplit(url).hostname or "" if url else ""


def deliveries(*, execution: str = "", state: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """Deliveries, the newest first, as values ready for JSON; only of one execution, or in one state.

    Raises InvalidInput for a state or a limit that cannot be, ExecutionNotFound where `execution` is no id.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_limit", f"limit lies between 1 and {LARGEST_PAGE}, not {limit}.")
    found = list(_asked(execution, state).order_by("-ended_at", "-id")[:limit])
    urls = _urls(found)
    return [_shown(row, urls.get(row.execution_id, "")) for row in found]


def _asked(execution: str, state: str) -> QuerySet[Any]:
    if state and state not in STATES:
        raise InvalidInput("invalid_state", f"{state[:50]!r} is no state; there are {', '.join(STATES)}.")
    rows = _with_state()
    likes = narrowing.likes()
    if likes is not None:
        rows = rows.filter(
            RawSQL("actions_delivery.action LIKE ANY (%s::text[])", (likes,), output_field=BooleanField())
        )
    if execution:
        key = parse_id(execution)
        if key is None:
            raise ExecutionNotFound(f"{execution[:50]!r} is no id of an execution.")
        rows = rows.filter(execution=key)
    return rows.filter(state=state) if state else rows


def _urls(rows: list[Any]) -> dict[Any, str]:
    """Where each is told, by the id of its execution."""
    wanted = {row.execution_id for row in rows}
    return dict(Callback.objects.filter(execution__in=wanted).values_list("execution_id", "url"))


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
        carrier_status=F("carrier__status"),
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
