"""change the address: what a channel is told goes somewhere else."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.channels import rows
from actions.engine.alerts.channels.address import kept


def change_address(channel: int, *, address: str, secret: str = "", actor: Actor, reason: str = "") -> None:
    """Tell another address from now on, also what is still on its way.

    Raises AlertChannelNotFound, Forbidden, ReasonRequired, and InvalidInput at `address` or `secret`.
    """
    with access.acting():
        row = rows.locked(channel, actor=actor)
        reason = access.checked_reason(actor, reason)
        before = row.shown
        row.shown, row.address = kept(row.kind, address, secret)
        row.save(update_fields=["shown", "address"])
        rows.record("changed", row, actor=actor, reason=reason, before=before)
