"""message: what a channel is told, of an alert or that it is over. A webhook gets the document, a service the lines."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions import conf
from actions.engine.alerts import texts
from actions.models import Alert, AlertDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, the same in every try."""

    alert: Alert
    id: str
    type: str
    at: datetime
    title: str
    text: str
    link: str
    """Where to look, from the console's root on."""
    incident: str
    """The same for all that a pager shall hold together: what lasts, told again and again, and its end."""
    over: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The page to look at; empty where the installation does not say where its console is."""
        root = conf.get().PUBLIC_URL
        return f"{root.rstrip('/')}/{self.link}" if root else ""

    @property
    def document(self) -> dict[str, Any]:
        """What a webhook is told."""
        data = {
            "id": self.alert.public_id,
            "rule": self.alert.rule_name,
            "kind": self.alert.kind,
            "subject": self.alert.subject,
            "title": self.title,
            "text": self.text,
            "url": self.url or None,
            **self.more,
        }
        return {"type": self.type, "timestamp": self.at.isoformat(), "data": data}

    @property
    def body(self) -> str:
        """What a service is told below the title."""
        lines = [self.text, f"Rule: {self.alert.rule_name}", self.url, self.alert.public_id]
        return "\n".join(texts.tame(line) for line in lines if line)


def message_of(delivery: AlertDelivery) -> Message:
    """What a delivery carries. One statement for what lasts, none for the rest."""
    alert = delivery.alert
    first = _first(alert) if alert.lasting else alert
    if delivery.recovery:
        return _recovery(alert, first)
    return Message(
        alert=alert,
        id=alert.public_id,
        type=f"alert.{alert.kind}",
        at=alert.at,
        title=alert.title,
        text=alert.text,
        link=alert.link,
        incident=first.public_id,
    )


def _recovery(alert: Alert, first: Alert) -> Message:
    until = alert.recovered_at
    assert until is not None  # its delivery was written together with that
    title, text = texts.recovered(alert.title, since=first.at, until=until)
    return Message(
        alert=alert,
        id=alert.recovery_id,
        type=f"recovery.{alert.kind}",
        at=until,
        title=title,
        text=text,
        link=f"alerts/log/{alert.public_id}/",
        incident=first.public_id,
        over=True,
        more={"since": first.at.isoformat(), "seconds": round((until - first.at).total_seconds())},
    )


def _first(alert: Alert) -> Alert:
    """The first alert about what lasts: told again after quiet times, all of them are open together and over at once."""
    same = Alert.objects.filter(rule=alert.rule_id, subject=alert.subject, recovered_at=alert.recovered_at)
    return same.order_by("at", "id").first() or alert
