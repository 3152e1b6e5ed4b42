"""How the demo's handlers speak to the outside world: one HTTP call, one mail.

Errors are left as they come, because their kinds tell what is known: a refused connection and an answer that
says no are known failures; a time-out, or a connection cut after the request went out, leaves a doubt.
"""

import http.client
import json
import smtplib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from doplatform.demo.addresses import HOST, current

PATIENCE = 3.0
"""Seconds that a call may take."""


class Rejected(Exception):
    """The outside answered with an error: `status` and its own `code` say which."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{message} (HTTP {status}, {code})")
        self.status = status
        self.code = code
        self.message = message


def call(server: str, method: str, path: str, *, json_body: object = None, key: str | None = None) -> dict[str, Any]:
    """The JSON answer of one of the HTTP servers; `key` goes along as the Idempotency-Key.

    Raises Rejected, ConnectionError and TimeoutError.
    """
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    return _exchange(server, method, path, json.dumps(json_body).encode(), headers)


def send_mail(*, to: str, subject: str, body: str, message_id: str) -> None:
    """Hand one mail to the mail server.

    Raises OSError (smtplib's errors are such) where it is certain that the server has not taken the mail, and
    TimeoutError or smtplib.SMTPServerDisconnected where it may have.
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
    mail["Message-ID"] = f"<{message_id}@example.com>"
    mail.set_content(body)
    port = current().smtp
    with (
        _named("mail server", port),
        smtplib.SMTP(HOST, port, local_hostname="localhost", timeout=PATIENCE) as smtp,
    ):
        smtp.send_message(mail)


def state() -> dict[str, dict[str, Any]]:
    """How the servers are, by name: port, mode and its sentence."""
    return _exchange("control", "GET", "/state", b"", {})


def switch(server: str, mode: str) -> dict[str, dict[str, Any]]:
    """Tell one server to fail or to recover; answers like `state`. Raises ValueError for unknown words."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        return _exchange("control", "POST", "/mode", urlencode({"server": server, "mode": mode}).encode(), headers)
    except Rejected as error:
        raise ValueError(error.message) from None


def _exchange(server: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    port = getattr(current(), server)
    with (
        _named(f"{server} server", port),
        closing(http.client.HTTPConnection(HOST, port, timeout=PATIENCE)) as connection,
    ):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    if response.status >= 400:
        raise Rejected(response.status, str(answer.get("code")), str(answer.get("message")))
    return answer


@contextmanager
def _named(server: str, port: int) -> Iterator[None]:
    """Let the errors that say nothing but a number say who did not answer."""
    try:
        yield
    except ConnectionRefusedError:
        raise ConnectionRefusedError(f"The {server} on {HOST}:{port} refuses connections: it is down.") from None
    except http.client.RemoteDisconnected:
        raise ConnectionResetError(
            f"The {server} on {HOST}:{port} cut the connection; it may have done what was asked."
        ) from None
    except TimeoutError:
        raise TimeoutError(f"The {server} on {HOST}:{port} gave no answer in {PATIENCE:g} s.") from None
