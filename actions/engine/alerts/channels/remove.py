"""remove: a channel is told nothing any more."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.channels import rows


def remove(channel: int, *, actor: Actor, reason: str = "") -> None:
    """Forget it, and its address with it. Rules that named it tell their other channels.

    Raises AlertChannelNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        row = rows.locked(channel, actor=actor)
        reason = access.checked_reason(actor, reason)
        rows.record("removed", row, actor=actor, reason=reason)
        row.delete()
