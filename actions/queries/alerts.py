"""Alert rules and channels, what they have told, and how far that has come."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery

from actions.errors import AlertChannelNotFound, AlertNotFound, AlertRuleNotFound, InvalidInput, storable
from actions.ids import public_id
from actions.models import Alert, AlertChannel, AlertDelivery, AlertRule
from actions.models.alert import parse_alert_id
from actions.queries.listing import moment
from actions.states import Status

MOST = 200
"""Rules and channels that a page shows."""
LARGEST_PAGE = 200
STATES = ("open", "dead", "held")
"""Alerts about what lasts still; that did not arrive somewhere; that were only written down."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some alerts with their deliveries, newest first, and the cursor of what follows (empty: nothing does)."""

    rows: tuple[Any, ...]
    next: str


def deliveries() -> QuerySet[Any]:
    """Each with its carrier's columns. It is dead when its carrier is, or has been pruned: the state follows from the rows."""
    return AlertDelivery.objects.annotate(
        carrier_status=F("carrier__status"),
        tries=F("carrier__attempt"),
        next_at=F("carrier__available_at"),
        dead_at=F("carrier__finished_at"),
        fault=F("carrier__error"),
    ).order_by("id")


def state_of(delivery: Any) -> str:
    """pending, delivered or dead."""
    if delivery.delivered_at is not None:
        return "delivered"
    over = delivery.carrier_id is not None and delivery.carrier_status in {None, Status.FAILED, Status.CANCELLED}
    return "dead" if over else "pending"


def rules_of() -> list[Any]:
    """Rules as rows, by name; each with `last_id`, `last_at`, `last_title` and `open`."""
    newest = Alert.objects.filter(rule=OuterRef("pk")).order_by("-at", "-id")
    lasting = newest.filter(lasting=True, recovered_at__isnull=True)
    rows = AlertRule.objects.order_by("name").annotate(
        last_id=Subquery(newest.values("id")[:1]),
        last_at=Subquery(newest.values("at")[:1]),
        last_title=Subquery(newest.values("title")[:1]),
        open_id=Subquery(lasting.values("id")[:1]),
    )
    return list(rows[:MOST])


def rule(key: int) -> AlertRule | None:
    """One rule, None when there is none."""
    return AlertRule.objects.filter(pk=key).first()


def rule_called(text: str) -> AlertRule:
    """The rule of this name, else of this number. Raises AlertRuleNotFound."""
    rows = AlertRule.objects.filter(name=storable(text)) or AlertRule.objects.filter(pk=_number(text))
    if not rows:
        raise AlertRuleNotFound
    return rows[0]


def channel_called(text: str) -> AlertChannel:
    """The channel of this name, else of this number, without its address. Raises AlertChannelNotFound."""
    known = AlertChannel.objects.defer("address")
    rows = known.filter(name=storable(text)) or known.filter(pk=_number(text))
    if not rows:
        raise AlertChannelNotFound
    return rows[0]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def channel(key: int) -> AlertChannel | None:
    """One channel without its address, None when there is none."""
    return AlertChannel.objects.filter(pk=key).defer("address").first()


def channels_of() -> list[AlertChannel]:
    """Channels as rows, by name, without their addresses."""
    return list(AlertChannel.objects.defer("address").order_by("name")[:MOST])


def page(*, state: str = "", rule: int | None = None, cursor: str = "", limit: int = 50) -> Page:
    """Alerts from a cursor on; in one state, of one rule. Raises InvalidInput for a state or a cursor that cannot be."""
    if state and state not in STATES:
        raise InvalidInput("invalid_state", f"{state[:50]!r} is no state; there are {', '.join(STATES)}.")
    rows = Alert.objects.prefetch_related(Prefetch("deliveries", queryset=deliveries()))
    if state == "open":
        rows = rows.filter(lasting=True, recovered_at__isnull=True)
    elif state == "held":
        rows = rows.filter(held=True)
    elif state == "dead":
        undone = Q(deliveries__delivered_at__isnull=True, deliveries__carrier_id__isnull=False)
        over = Q(deliveries__carrier__status__isnull=True) | Q(deliveries__carrier__status__in=["failed", "cancelled"])
        rows = rows.filter(undone & over).distinct()
    if rule is not None:
        rows = rows.filter(rule=rule)
    if cursor:
        # Ids are times: the order of the ids is that of the alerts.
        place = parse_alert_id(cursor)
        if place is None:
            raise InvalidInput("invalid_cursor", "This place in the list is none that a page has given.")
        rows = rows.filter(id__lt=place)
    found = list(rows.order_by("-id")[: limit + 1])
    return Page(tuple(found[:limit]), found[limit - 1].public_id if len(found) > limit else "")


def alert(public: str) -> Any:
    """One alert with its deliveries, its rule where that is still there, and `ended_with`: the id of the alert about the same by
    which it was told that it is over. Raises AlertNotFound."""
    key = parse_alert_id(public)
    rows = Alert.objects.select_related("rule").prefetch_related(Prefetch("deliveries", queryset=deliveries()))
    same = Alert.objects.filter(
        rule=OuterRef("rule"), subject=OuterRef("subject"), recovered_at=OuterRef("recovered_at")
    )
    ends = same.filter(deliveries__recovery=True).order_by("-id").values("id")
    rows = rows.annotate(ended_with=Subquery(ends[:1]))
    found = rows.filter(pk=key).first() if key else None
    if found is None:
        raise AlertNotFound
    return found


def rules() -> list[dict[str, Any]]:
    """Rules as values ready for JSON, by name."""
    names = dict(AlertChannel.objects.values_list("pk", "name"))
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "scope": row.scope or "everything",
            "of": row.of or None,
            "threshold": row.threshold,
            "least": row.least,
            "window": row.window,
            "quiet": row.quiet,
            "channels": [names[key] for key in row.channels if key in names],
            "tell_recovery": row.tell_recovery,
            "paused": paused(row),
            "last_alert": None if row.last_at is None else {"at": moment(row.last_at), "title": row.last_title},
            "open": row.open_id is not None,
        }
        for row in rules_of()
    ]


def channels() -> list[dict[str, Any]]:
    """Channels as values ready for JSON, by name; of an address its scheme and host."""
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "address": row.shown,
            "created_at": moment(row.created_at),
            "created_by": row.created_by,
            "disabled": None
            if row.disabled_at is None
            else {"at": moment(row.disabled_at), "by": row.disabled_by, "reason": row.disabled_reason},
        }
        for row in channels_of()
    ]


def log(*, state: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """Alerts as values ready for JSON, newest first. Raises InvalidInput for a state or a limit that cannot be."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_limit", f"limit lies between 1 and {LARGEST_PAGE}, not {limit}.")
    return [_alert(row) for row in page(state=state, limit=limit).rows]


def alert_of(public: str) -> dict[str, Any]:
    """One alert as values ready for JSON. Raises AlertNotFound."""
    return _alert(alert(public))


def paused(row: AlertRule) -> dict[str, Any] | None:
    """Who paused a rule, and why."""
    if row.paused_at is None:
        return None
    return {"at": moment(row.paused_at), "by": row.paused_by, "reason": row.paused_reason}


def _alert(row: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "rule": row.rule_name,
        "kind": row.kind,
        "subject": row.subject,
        "at": moment(row.at),
        "title": row.title,
        "text": row.text,
        "link": row.link,
        "held": row.held,
        "open": row.lasting and row.recovered_at is None,
        "recovered_at": moment(row.recovered_at),
        "deliveries": [_delivery(one) for one in row.deliveries.all()],
    }


def _delivery(row: Any) -> dict[str, Any]:
    state = state_of(row)
    return {
        "channel": row.channel_name,
        "recovery": row.recovery,
        "state": state,
        "tries": row.tries or 0,
        "delivered_at": moment(row.delivered_at),
        "next_at": moment(row.next_at) if state == "pending" and row.next_at else None,
        "error": (row.fault or {}).get("message") if state != "delivered" else None,
        "carrier": public_id(row.carrier_id) if row.carrier_id else None,
    }
