"""The row of a channel, as verbs take it, and what the audit keeps of it."""

from typing import Any

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.errors import AlertChannelNotFound
from actions.models import AlertChannel


def locked(channel: int, *, actor: Actor) -> AlertChannel:
    """The channel of that id, locked, for an actor who may manage alerts. Raises Forbidden, AlertChannelNotFound."""
    access.require(actor, "manage_alerts", subject=f"alert channel {channel}")
    row = AlertChannel.objects.select_for_update().filter(pk=channel).first()
    if row is None:
        raise AlertChannelNotFound
    return row


def record(verb: str, row: AlertChannel, *, actor: Actor, reason: str, **details: Any) -> None:
    """An audit entry about a channel."""
    known = {"channel": row.name, "kind": row.kind, "address": row.shown}
    ledger.record(f"alert_channel.{verb}", actor=actor, reason=reason, details={**known, **details})
