"""deliver: one try of one delivery of an alert, or of its end."""

import re
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from actions import conf, values
from actions.crashpoints import crash_point
from actions.definitions.context import Context
from actions.engine import secrets
from actions.engine.alerts import texts
from actions.engine.alerts.message import Message, message_of
from actions.engine.callbacks.deliver import installation_secrets
from actions.errors import GiveUp, RemoteRefused, RetryLater
from actions.models import AlertChannel, AlertDelivery
from actions.outside import rules, services
from actions.outside.exchange import TIMEOUT, send
from actions.outside.relay import relay
from actions.outside.signature import signed
from actions.states import Status

_GONE = 410
_SHORTEST = 6
"""Characters of a part of an address that may be a token."""
_AFTER = 5.0
"""Seconds after the alert's next try until that of its end."""


def deliver(delivery: str, context: Context) -> dict[str, Any]:
    """Send it once, unless it was delivered already; at most a kill between the answer and its record sends it twice.

    Raises GiveUp where no further try is of use, RetryLater where its turn has not come, and what `send` and `relay` raise.
    """
    row = _find(delivery)
    if row.delivered_at is not None:
        return {"delivered": True}
    channel = AlertChannel.objects.filter(pk=row.channel_id).first()
    if channel is None:
        raise GiveUp(f"The channel {row.channel_name} was removed meanwhile; nobody was told.")
    if channel.disabled_at is not None:
        raise GiveUp(f"The channel {channel.name} is disabled; enable it, and retry.")
    if row.recovery:
        _once_told(row)
    kept = secrets.decrypt(channel.address)
    context.hidden.extend(hidden(kept, channel.shown))
    message = message_of(row)
    crash_point("alert.sending")
    if channel.kind == AlertChannel.Kind.WEBHOOK:
        _post(message, kept)
    else:
        _relay(message, kept["address"])
    crash_point("alert.sent")
    AlertDelivery.objects.filter(pk=row.pk, delivered_at=None).update(delivered_at=Now())
    return {"delivered": True}


def hidden(kept: dict[str, str], shown: str) -> list[str]:
    """What must not show in an error's text: the address, its secret, and every part that may be a token; all but what is
    shown of it anyway."""
    address = kept["address"]
    parts = [part for part in re.split(r"[/:@?&=,]+", address) if len(part) >= _SHORTEST and part not in shown]
    return [text for text in (address, kept["secret"], *parts, *map(unquote, parts)) if text]


def _find(delivery: str) -> AlertDelivery:
    try:
        key = UUID(delivery)
    except ValueError:
        key = None
    row = AlertDelivery.objects.select_related("alert").filter(pk=key).first() if key else None
    if row is None:
        raise GiveUp("The alert was pruned meanwhile; nobody was told.")
    return row


def _once_told(row: AlertDelivery) -> None:
    """That something is over is told to who was told of it: after the alert, however long that takes, and not without it.

    Raises RetryLater, which counts as no try, and GiveUp.
    """
    alert = (
        AlertDelivery.objects.filter(alert=row.alert_id, channel=row.channel_id, recovery=False)
        .annotate(status=F("carrier__status"), wait=F("carrier__available_at") - Now())
        .first()
    )
    if alert is not None and alert.delivered_at is not None:
        return
    if alert is None or (alert.carrier_id is not None and alert.status in {None, Status.FAILED, Status.CANCELLED}):
        raise GiveUp("The alert itself did not arrive there, so nobody waits for its end.")
    wait = alert.wait.total_seconds() if alert.wait is not None else 0.0
    raise RetryLater(max(wait, 0.0) + _AFTER, "The alert itself has not arrived there yet.")


def _post(message: Message, kept: dict[str, str]) -> None:
    body = values.dumps(message.document).encode()
    signing = [kept["secret"]] if kept["secret"] else installation_secrets()
    headers = {"Content-Type": "application/json", "User-Agent": "doplatform"}
    answer = send(
        "POST",
        kept["address"],
        headers=headers | signed(body, message=message.id, secrets=signing),
        body=body,
        rules=rules.current(),
        timeout=TIMEOUT,
    )
    if not answer.good:
        said = f"The receiver answered {answer.status}."
        raise GiveUp(said) if answer.status == _GONE else RemoteRefused(said)


def _relay(message: Message, address: str) -> None:
    allowed = rules.current()
    service = services.read(address, allowed=conf.get().ALERT_SCHEMES, plain=allowed.http)
    relay(
        address,
        title=texts.tame(message.title),
        text=message.body,
        scheme=service.scheme,
        rules=allowed,
        incident=message.incident,
        over=message.over,
    )
