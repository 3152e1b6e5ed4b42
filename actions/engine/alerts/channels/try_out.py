"""try out: a test alert goes the way that all alerts go."""

from uuid_utils.compat import uuid7

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.channels import rows
from actions.engine.alerts.fire import addressed
from actions.engine.alerts.hand_over import hand_over
from actions.errors import AlertChannelDisabled
from actions.models import Alert, AlertDelivery

TEST = "test"
"""The kind of an alert that somebody sends to see whether it arrives."""


def try_out(channel: int, *, actor: Actor, reason: str = "") -> str:
    """Send a test alert to a channel; returns the alert's public id.

    Raises AlertChannelNotFound, AlertChannelDisabled, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(channel, actor=actor)
        reason = access.checked_reason(actor, reason)
        if row.disabled_at is not None:
            raise AlertChannelDisabled
        alert = Alert.objects.create(
            id=uuid7(),
            rule_name="test",
            kind=TEST,
            subject=row.name,
            title=f"Test of the alert channel {row.name}",
            text=f"{actor.label[:100]} wanted to see whether alerts arrive here. Nothing is wrong.",
            link="alerts/",
        )
        AlertDelivery.objects.bulk_create(addressed(alert, [row]))
        rows.record("tested", row, actor=actor, reason=reason, alert=alert.public_id)
        hand_over()
    return alert.public_id
