"""create: there is another place where alerts are told."""

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.alerts.channels import rows
from actions.engine.alerts.channels.address import kept
from actions.engine.alerts.names import checked_name
from actions.models import AlertChannel


def create(name: str, *, kind: str, address: str, secret: str = "", actor: Actor, reason: str = "") -> int:
    """Make a channel; returns its id. `secret` signs a webhook; empty: the installation's.

    Raises Forbidden, ReasonRequired, and InvalidInput at `name`, `kind`, `address` or `secret`.
    """
    with access.acting():
        access.require(actor, "manage_alerts", subject="a new alert channel")
        reason = access.checked_reason(actor, reason)
        name = checked_name(name, taken=AlertChannel.objects.all())
        shown, encrypted = kept(kind, address, secret)
        row = AlertChannel.objects.create(
            name=name, kind=kind, shown=shown, address=encrypted, created_by=actor.label[:255]
        )
        rows.record("created", row, actor=actor, reason=reason)
    return row.pk
