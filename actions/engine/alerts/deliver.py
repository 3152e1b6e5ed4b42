"""deliver: one try of one delivery of an alert."""

import re
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.db.models.functions import Now

from actions import conf, values
from actions.crashpoints import crash_point
from actions.definitions.context import Context
from actions.engine import secrets
from actions.engine.alerts import texts
from actions.engine.callbacks.deliver import installation_secrets
from actions.errors import GiveUp, RemoteRefused
from actions.models import Alert, AlertChannel, AlertDelivery
from actions.outside import rules, services
from actions.outside.exchange import TIMEOUT, send
from actions.outside.relay import relay
from actions.outside.signature import signed

_GONE = 410
_SHORTEST = 6
"""Characters of a part of an address that may be a token."""


def deliver(delivery: str, context: Context) -> dict[str, Any]:
    """Send it once, unless it was delivered already; at most a kill between the answer and its record sends it twice.

    Raises GiveUp where no further try is of use, and what `send` and `relay` raise.
    """
    row = _find(delivery)
    if row.delivered_at is not None:
        return {"delivered": True}
    channel = AlertChannel.objects.filter(pk=row.channel_id).first()
    if channel is None:
        raise GiveUp(f"The channel {row.channel_name} was removed meanwhile; nobody was told.")
    if channel.disabled_at is not None:
        raise GiveUp(f"The channel {channel.name} is disabled; enable it, and retry.")
    kept = secrets.decrypt(channel.address)
    context.hidden.extend(hidden(kept, channel.shown))
    crash_point("alert.sending")
    if channel.kind == AlertChannel.Kind.WEBHOOK:
        _post(row.alert, kept)
    else:
        _relay(row.alert, channel, kept["address"])
    crash_point("alert.sent")
    AlertDelivery.objects.filter(pk=row.pk, delivered_at=None).update(delivered_at=Now())
    return {"delivered": True}


def document(alert: Alert) -> dict[str, Any]:
    """What a webhook is told."""
    data = {
        "id": alert.public_id,
        "rule": alert.rule_name,
        "kind": alert.kind,
        "subject": alert.subject,
        "title": alert.title,
        "text": alert.text,
        "url": address_of(alert) or None,
    }
    return {"type": f"alert.{alert.kind}", "timestamp": alert.at.isoformat(), "data": data}


def address_of(alert: Alert) -> str:
    """The page to look at; empty where the installation does not say where its console is."""
    root = conf.get().PUBLIC_URL
    return f"{root.rstrip('/')}/{alert.link}" if root else ""


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


def _post(alert: Alert, kept: dict[str, str]) -> None:
    body = values.dumps(document(alert)).encode()
    signing = [kept["secret"]] if kept["secret"] else installation_secrets()
    headers = {"Content-Type": "application/json", "User-Agent": "doplatform"}
    answer = send(
        "POST",
        kept["address"],
        headers=headers | signed(body, message=alert.public_id, secrets=signing),
        body=body,
        rules=rules.current(),
        timeout=TIMEOUT,
    )
    if not answer.good:
        said = f"The receiver answered {answer.status}."
        raise GiveUp(said) if answer.status == _GONE else RemoteRefused(said)


def _relay(alert: Alert, channel: AlertChannel, address: str) -> None:
    allowed = rules.current()
    service = services.read(address, allowed=conf.get().ALERT_SCHEMES, plain=allowed.http)
    lines = [alert.text, f"Rule: {alert.rule_name}", address_of(alert), alert.public_id]
    relay(
        address,
        title=texts.tame(alert.title),
        text="\n".join(texts.tame(line) for line in lines if line),
        scheme=service.scheme,
        rules=allowed,
    )
