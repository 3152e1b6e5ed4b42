"""pause and resume: a rule that tells nothing until somebody lets it watch again."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.rules import rows
from actions.models import AlertRule


def pause(rule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let it tell nothing; what happens meanwhile is not told later. False when it was paused already.

    Raises AlertRuleNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(rule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        if row.paused_at is not None:
            return False
        AlertRule.objects.filter(pk=row.pk).update(
            paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason, pending={}
        )
        rows.over(row)
        rows.record("paused", row, actor=actor, reason=reason, details={"rule": row.name})
    return True


def resume(rule: int, *, actor: Actor, reason: str = "") -> bool:
    """Let it watch again, from now on. False when it was not paused. Raises AlertRuleNotFound, Forbidden, ReasonRequired."""
    with access.acting():
        row = rows.locked(rule, actor=actor, verb="pause")
        reason = access.checked_reason(actor, reason)
        if row.paused_at is None:
            return False
        rows.begin(row.kind)
        AlertRule.objects.filter(pk=row.pk).update(
            paused_at=None, paused_by="", paused_reason="", pending={}, since=Now()
        )
        rows.record("resumed", row, actor=actor, reason=reason, details={"rule": row.name})
    return True
