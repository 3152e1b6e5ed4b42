"""create: somebody has something watched for."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.rules import rows
from actions.engine.alerts.rules.wanted import Wanted
from actions.errors import InvalidInput
from actions.models import AlertRule


def create(kind: str, wanted: Wanted, *, actor: Actor, reason: str = "") -> int:
    """Make a rule, which watches from now on; returns its id. Raises Forbidden, ReasonRequired, InvalidInput at its field."""
    with access.acting():
        access.require(actor, "manage_alerts", subject="a new alert rule")
        reason = access.checked_reason(actor, reason)
        if kind not in KINDS:
            raise InvalidInput("invalid_kind", f"A rule is one of {', '.join(KINDS)}.", path="kind")
        fields = wanted.checked(kind, others=AlertRule.objects.all())
        rows.begin(kind)
        row = AlertRule.objects.create(kind=kind, created_by=actor.label[:255], **fields)
        rows.record("created", row, actor=actor, reason=reason, details=rows.facts(row))
    return row.pk
