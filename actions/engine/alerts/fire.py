"""fire: what was found becomes alerts, and deliveries to the channels of their rules, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count
from uuid_utils.compat import uuid7

from actions.engine.alerts.texts import Said
from actions.engine.statements import fetch
from actions.models import Alert, AlertChannel, AlertDelivery, AlertRule

MOST = 20
"""Alerts that a rule sends in SPAN; more are only written down, and the last one that is sent says so."""
SPAN = 600.0
ENOUGH = (
    f"This rule has sent {MOST} alerts within {SPAN / 60:.0f} minutes. What else it finds until that is over is written down "
    "under Alerts in the console, and not sent."
)


def fire(found: Sequence[Said], rules: Sequence[AlertRule], now: datetime) -> list[Said]:
    """Write what is due: not about a subject of which the rule has told within its quiet time. Returns what was written.

    The caller holds the mark, so nobody else decides meanwhile; the constraint alert_once stands behind that.
    """
    if not found:
        return []
    by_id = {rule.pk: rule for rule in rules}
    latest = _latest(found)
    sent = _sent(by_id, now)
    channels = {channel.pk: channel for channel in AlertChannel.objects.filter(disabled_at__isnull=True)}
    fired: list[Said] = []
    alerts, deliveries = [], []
    for said in found:
        rule = by_id[said.rule]
        last = latest.get((said.rule, said.subject[:255]))
        if last is not None and (now - last[1]).total_seconds() < rule.quiet:
            continue
        sent[rule.pk] = number = sent.get(rule.pk, 0) + 1
        if number == MOST:
            said.lines.append(ENOUGH)
        alerts.append(written(said, rule, previous=last and last[0], held=number > MOST))
        if number <= MOST:
            deliveries += addressed(alerts[-1], [channels[key] for key in rule.channels if key in channels])
        fired.append(said)
    Alert.objects.bulk_create(alerts)
    AlertDelivery.objects.bulk_create(deliveries)
    return fired


def written(said: Said, rule: AlertRule, *, previous: UUID | None, held: bool) -> Alert:
    """The row of an alert."""
    return Alert(
        id=uuid7(),
        rule=rule,
        rule_name=rule.name,
        kind=rule.kind,
        subject=said.subject[:255],
        previous=previous,
        title=said.title[:200],
        text=said.text,
        link=said.link[:500],
        details=said.details,
        held=held,
        lasting=said.lasting,
    )


def addressed(alert: Alert, channels: Sequence[AlertChannel]) -> list[AlertDelivery]:
    """The rows of its deliveries."""
    return [AlertDelivery(id=uuid7(), alert=alert, channel=channel, channel_name=channel.name) for channel in channels]


def _latest(found: Sequence[Said]) -> dict[tuple[int, str], tuple[UUID, datetime]]:
    params: dict[str, Any] = {
        "rules": [said.rule for said in found],
        "subjects": [said.subject[:255] for said in found],
    }
    return {(rule, subject): (last, at) for rule, subject, last, at in fetch("alert_latest", params)}


def _sent(rules: dict[int, AlertRule], now: datetime) -> dict[int, int]:
    """How many alerts each rule has sent lately."""
    lately = Alert.objects.filter(rule__in=list(rules), at__gt=now - timedelta(seconds=SPAN), held=False)
    return dict(lately.values_list("rule_id").annotate(Count("pk")))
