"""disable and enable: a channel that is told nothing until somebody lets it be told again."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.channels import rows
from actions.models import AlertChannel


def disable(channel: int, *, actor: Actor, reason: str = "") -> bool:
    """Send nothing there; what was decided for it meanwhile is dead. False when it was disabled already.

    Raises AlertChannelNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(channel, actor=actor)
        reason = access.checked_reason(actor, reason)
        if row.disabled_at is not None:
            return False
        AlertChannel.objects.filter(pk=row.pk).update(
            disabled_at=Now(), disabled_by=actor.label[:255], disabled_reason=reason
        )
        rows.record("disabled", row, actor=actor, reason=reason)
    return True


def enable(channel: int, *, actor: Actor, reason: str = "") -> bool:
    """Send there again. False when it was not disabled. Raises AlertChannelNotFound, Forbidden, ReasonRequired."""
    with access.acting():
        row = rows.locked(channel, actor=actor)
        reason = access.checked_reason(actor, reason)
        if row.disabled_at is None:
            return False
        AlertChannel.objects.filter(pk=row.pk).update(disabled_at=None, disabled_by="", disabled_reason="")
        rows.record("enabled", row, actor=actor, reason=reason)
    return True
