"""channels: places where alerts are told, made, given another address, disabled, enabled, removed, and tested.

An address goes in and does not come out: it is kept encrypted, and pages and the audit have its scheme and host.
"""

from typing import Any

from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from actions import conf
from actions.definitions.actor import Actor
from actions.engine import access, ledger, secrets
from actions.engine.alerts.fire import addressed
from actions.engine.alerts.hand_over import hand_over
from actions.errors import AlertChannelDisabled, AlertChannelNotFound, InvalidInput, storable
from actions.models import Alert, AlertChannel, AlertDelivery
from actions.models.alert import LONGEST_NAME
from actions.outside import rules, services
from actions.outside.address import check_url
from actions.outside.signature import is_secret
from actions.values import keytext

Kind = AlertChannel.Kind
TEST = "test"
"""The kind of an alert that somebody sends to see whether it arrives."""


def create_channel(name: str, *, kind: str, address: str, secret: str = "", actor: Actor, reason: str = "") -> int:
    """Make a channel; returns its id. `secret` signs a webhook; empty: the installation's.

    Raises Forbidden, ReasonRequired, and InvalidInput at `name`, `kind`, `address` or `secret`.
    """
    with access.acting():
        access.require(actor, "manage_alerts", subject="a new alert channel")
        reason = access.checked_reason(actor, reason)
        name = checked_name(name, taken=AlertChannel.objects.all())
        shown, kept = _checked(kind, address, secret)
        row = AlertChannel.objects.create(name=name, kind=kind, shown=shown, address=kept, created_by=actor.label[:255])
        ledger.record("alert_channel.created", actor=actor, reason=reason, details=_told(row))
    return row.pk


def change_address(channel: int, *, address: str, secret: str = "", actor: Actor, reason: str = "") -> None:
    """Tell another address from now on, also what is still on its way. Raises as create_channel does, and
    AlertChannelNotFound."""
    with access.acting():
        reason = _permitted(channel, actor, reason)
        row = locked(channel)
        before = row.shown
        row.shown, row.address = _checked(row.kind, address, secret)
        row.save(update_fields=["shown", "address"])
        ledger.record("alert_channel.changed", actor=actor, reason=reason, details={**_told(row), "before": before})


def disable_channel(channel: int, *, actor: Actor, reason: str = "") -> bool:
    """Send nothing there; what was decided for it meanwhile is dead. False when it was disabled already."""
    with access.acting():
        reason = _permitted(channel, actor, reason)
        row = locked(channel)
        if row.disabled_at is not None:
            return False
        AlertChannel.objects.filter(pk=row.pk).update(
            disabled_at=Now(), disabled_by=actor.label[:255], disabled_reason=reason
        )
        ledger.record("alert_channel.disabled", actor=actor, reason=reason, details=_told(row))
    return True


def enable_channel(channel: int, *, actor: Actor, reason: str = "") -> bool:
    """Send there again. False when it was not disabled."""
    with access.acting():
        reason = _permitted(channel, actor, reason)
        row = locked(channel)
        if row.disabled_at is None:
            return False
        AlertChannel.objects.filter(pk=row.pk).update(disabled_at=None, disabled_by="", disabled_reason="")
        ledger.record("alert_channel.enabled", actor=actor, reason=reason, details=_told(row))
    return True


def remove_channel(channel: int, *, actor: Actor, reason: str = "") -> None:
    """Forget it, and its address with it. Rules that named it tell their other channels. Raises AlertChannelNotFound."""
    with access.acting():
        reason = _permitted(channel, actor, reason)
        row = locked(channel)
        details = _told(row)
        row.delete()
        ledger.record("alert_channel.removed", actor=actor, reason=reason, details=details)


def try_channel(channel: int, *, actor: Actor, reason: str = "") -> str:
    """Send a test alert by the way that all alerts take; returns its public id. Raises AlertChannelDisabled."""
    with access.acting():
        reason = _permitted(channel, actor, reason)
        row = locked(channel)
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
        ledger.record(
            "alert_channel.tested", actor=actor, reason=reason, details={**_told(row), "alert": alert.public_id}
        )
        hand_over()
    return alert.public_id


def locked(channel: int) -> AlertChannel:
    """The row, locked. Raises AlertChannelNotFound."""
    row = AlertChannel.objects.select_for_update().filter(pk=channel).first()
    if row is None:
        raise AlertChannelNotFound
    return row


def checked_name(name: str, *, taken: Any) -> str:
    """A name that may be given. Raises InvalidInput `invalid_name`, `name_taken`."""
    name = keytext.without_keys(storable(" ".join(name.split())))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput("invalid_name", f"A name has 1 to {LONGEST_NAME} characters that can be seen.", path="name")
    if taken.filter(name=name).exists():
        raise InvalidInput("name_taken", "There is one of this name already.", path="name")
    return name


def _permitted(channel: int, actor: Actor, reason: str) -> str:
    access.require(actor, "manage_alerts", subject=f"alert channel {channel}")
    return access.checked_reason(actor, reason)


def _checked(kind: str, address: str, secret: str) -> tuple[str, bytes]:
    """What may be seen of an address, and what is kept. Names are not resolved here: where they lead is judged by every
    delivery."""
    allowed = rules.current()
    address = address.strip()
    if kind == Kind.WEBHOOK:
        if secret and not is_secret(secret):
            raise InvalidInput("secret_invalid", "The secret is whsec_ and 24 to 64 bytes in base 64.", path="secret")
        shown = check_url(address, allowed, path="address").origin
    elif kind == Kind.APPRISE:
        if secret:
            raise InvalidInput("secret_invalid", "Only a webhook is signed.", path="secret")
        shown = services.read(address, allowed=conf.get().ALERT_SCHEMES, plain=allowed.http).shown
    else:
        raise InvalidInput("invalid_kind", f"A channel is {' or '.join(Kind.values)}.", path="kind")
    return shown[:300], secrets.encrypt({"address": address, "secret": secret})


def _told(row: AlertChannel) -> dict[str, Any]:
    """What the audit keeps of a channel."""
    return {"channel": row.name, "kind": row.kind, "address": row.shown}
