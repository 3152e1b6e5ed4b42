"""change: a rule watches for something else of its kind, or tells others."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.rules import rows
from actions.engine.alerts.rules.wanted import Wanted
from actions.models import AlertRule


def change(rule: int, wanted: Wanted, *, actor: Actor, reason: str = "") -> bool:
    """Let the rule be as wanted; False when it was so before.

    Raises AlertRuleNotFound, Forbidden, ReasonRequired, InvalidInput at its field.
    """
    with access.acting():
        row = rows.locked(rule, actor=actor, verb="manage_alerts")
        reason = access.checked_reason(actor, reason)
        before = rows.facts(row)
        fields = wanted.checked(row.kind, others=AlertRule.objects.exclude(pk=row.pk))
        for name, value in fields.items():
            setattr(row, name, value)
        after = rows.facts(row)
        if after == before:
            return False
        changed = {name: value for name, value in before.items() if value != after[name]}
        if changed.keys() & {"scope", "of"}:
            row.pending = {}
            rows.over(row)
        elif changed.keys() & {"threshold", "least", "window"}:
            rows.relimited(row)
        row.save()
        rows.record("changed", row, actor=actor, reason=reason, details={**after, "before": changed})
    return True
