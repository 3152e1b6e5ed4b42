"""remove: a rule watches no more."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.rules import rows


def remove(rule: int, *, actor: Actor, reason: str = "") -> None:
    """Forget it; what it has told stays in the log, and what is on its way arrives.

    Raises AlertRuleNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(rule, actor=actor, verb="manage_alerts")
        reason = access.checked_reason(actor, reason)
        rows.over(row)
        rows.record("removed", row, actor=actor, reason=reason, details=rows.facts(row))
        row.delete()
