"""The mail server: real SMTP, keeping what it is given."""

import asyncio
import socket
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from doplatform.demo.servers.modes import Mode
from doplatform.demo.servers.outsider import Outsider, Say
from doplatform.demo.servers.records import Records


class MailServer(Outsider):
    """Takes mail for everybody and delivers it nowhere."""

    name = "smtp"
    title = "mail server"
    default_port = 8025

    def __init__(self, folder: Path, *, port: int | None = None, slowness: float = 8.0, say: Say) -> None:
        super().__init__(port=port, slowness=slowness, say=say)
        self.mails = Records(folder / "mails.jsonl")

    def latest(self) -> list[str]:
        return [f"{mail['to']}: {mail['subject']}" for mail in reversed(self.mails.rows[-5:])]

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a whole mail has arrived, and nothing is answered yet."""
        if self.mode is Mode.ERROR:
            self.say(f"mail to {', '.join(envelope.rcpt_tos)}: answered 451, kept nothing")
            return "451 4.3.0 The mail server is out of order, try again later"
        mail = self._keep(envelope)
        if self.mode is Mode.DROP:
            self.say(f"mail to {mail['to']}: kept, and cut the connection")
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        elif self.mode is Mode.SLOW:
            self.say(f"mail to {mail['to']}: kept, answering in {self.slowness:g} s")
            await asyncio.sleep(self.slowness)
        else:
            self.say(f"mail to {mail['to']}: kept “{mail['subject']}”")
        return "250 2.0.0 Kept"

    def _keep(self, envelope: Envelope) -> dict[str, str]:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        body = message.get_body(("plain",))
        mail = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "to": ", ".join(envelope.rcpt_tos),
            "subject": str(message["Subject"] or ""),
            "message_id": str(message["Message-ID"] or ""),
            "body": str(body.get_content()).strip() if body else "",
        }
        self.mails.add(mail)
        return mail

    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, hostname="localhost", loop=loop), sock=listener)
