"""What the tests of alerts stand on: rules and channels by one call, quiet times that pass at once, a mail server."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from actions.engine.alerts import watch as watching
from actions.engine.alerts.channels import create as channels
from actions.engine.alerts.rules import create as rules
from actions.engine.alerts.rules.wanted import Wanted
from actions.models import Alert
from tests.stage import ALICE, rows

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHY = "the team wants to know"


def rule(kind: str, *channels: int, **wanted: Any) -> int:
    """A new rule, named by its kind where nothing else is said."""
    return rules.create(kind, Wanted(**{"name": kind, "channels": channels, **wanted}), actor=ALICE, reason=WHY)


def channel(address: str, *, name: str = "team", kind: str = "webhook", secret: str = "") -> int:
    """A new channel."""
    return channels.create(name, kind=kind, address=address, secret=secret, actor=ALICE, reason=WHY)


def watch() -> list[Alert]:
    """Look once; the alerts that it made."""
    known = set(Alert.objects.values_list("pk", flat=True))
    assert watching.watch() == Alert.objects.exclude(pk__in=known).count()
    return list(Alert.objects.exclude(pk__in=known).order_by("subject"))


def later(seconds: float = 100_000) -> None:
    """Let the quiet time of what was told pass."""
    rows("UPDATE actions_alert SET at = at - make_interval(secs => %s)", seconds)


@pytest.fixture
def allow(settings: Any) -> Any:
    """Lets this installation call these places, also without encryption."""

    def let(*places: str) -> None:
        settings.DOPLATFORM = {
            **settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": list(places), "OUTSIDE_ALLOW_HTTP": True,
            "PUBLIC_URL": "https://do.example/x/",
        }  # fmt: skip

    return let


class Mailbox:
    """A real SMTP server on loopback; `deaf` while it answers nobody."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.mails: list[Any] = []
        self.refuses = False
        self._controller: Controller | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """As Apprise writes it, with a password that nobody may see."""
        return f"mailto://127.0.0.1:{self.port}/?from=do@example.com&to=team@example.com&name=canary-name&mode=insecure"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 4.3.0 try again later"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 2.0.0 kept"

    def up(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def down(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """One, for a while."""
    box = Mailbox()
    box.up()
    try:
        yield box
    finally:
        box.down()
        asyncio.set_event_loop(None)
