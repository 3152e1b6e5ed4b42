"""The row of a rule, as verbs take it, and what the audit keeps of it."""

from typing import Any

from django.db.models import QuerySet
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
    """Nobody looks any more whether what it has told lasts; nobody is told of that."""
    _open(row).update(recovered_at=Now())


def relimited(row: AlertRule) -> None:
    """What it finds no more may only be within its new limits: of what it has told, nobody is told that it is over."""
    _open(row).update(relimited=True)


def _open(row: AlertRule) -> QuerySet[Alert]:
    return Alert.objects.filter(rule=row, lasting=True, recovered_at__isnull=True)


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
        "tell_recovery": row.tell_recovery,
    }


def record(verb: str, row: AlertRule, *, actor: Actor, reason: str, details: dict[str, Any]) -> None:
    """An audit entry about a rule."""
    ledger.record(f"alert_rule.{verb}", actor=actor, reason=reason, details=details)
