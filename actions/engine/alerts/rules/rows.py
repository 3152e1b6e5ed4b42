"""The row of a rule, as verbs take it, and what the audit keeps of it."""

from typing import Any

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.statements import fetch
from actions.errors import AlertRuleNotFound
from actions.models import Alert, AlertChannel, AlertRule

Kind = AlertRule.Kind


def locked(rule: int, *, actor: Actor, verb: str) -> AlertRule:
    """The rule of that id, locked, for an actor who may do the verb. Raises Forbidden, AlertRuleNotFound."""
    access.require(actor, verb, subject=f"alert rule {rule}")
    row = AlertRule.objects.select_for_update().filter(pk=rule).first()
    if row is None:
        raise AlertRuleNotFound
    return row


def begin(kind: str) -> None:
    """The first rule that watches failures begins with what fails from now on."""
    if kind == Kind.FAILURE and not AlertRule.objects.filter(kind=kind, paused_at__isnull=True).exists():
        fetch("alert_begin", {})


def over(row: AlertRule) -> None:
    """Nobody looks any more whether what it has told lasts."""
    Alert.objects.filter(rule=row, lasting=True, recovered_at__isnull=True).update(recovered_at=Now())


def facts(row: AlertRule) -> dict[str, Any]:
    """What the audit keeps of a rule."""
    names = dict(AlertChannel.objects.filter(pk__in=row.channels).values_list("pk", "name"))
    return {
        "rule": row.name,
        "kind": row.kind,
        "scope": row.scope or "everything",
        "of": row.of,
        "threshold": row.threshold,
        "least": row.least,
        "window": row.window,
        "quiet": row.quiet,
        "channels": sorted(names.values()),
    }


def record(verb: str, row: AlertRule, *, actor: Actor, reason: str, details: dict[str, Any]) -> None:
    """An audit entry about a rule."""
    ledger.record(f"alert_rule.{verb}", actor=actor, reason=reason, details=details)
