"""One HTTP request and its answer: no redirects, no proxies of the environment, no cookies, one deadline, one size."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache

import httpcore
import httpx

from actions.errors import AnswerUnfit, BlockedDestination, ReplyLost, Unreachable
from actions.outside import network
from actions.outside.address import NotAllowed, Rules, Target, judge, read

LONGEST_ANSWER = 1_048_576
"""Bytes of an answer's body that are read."""
TIMEOUT = 10.0
"""Seconds for the whole exchange, from the name to the last byte."""
_FAULTS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ssl.SSLError, OSError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the other side says that it has done it."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds that the other side asks to wait; None where it does not say so in a way that can be read."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None

    def excerpt(self, length: int = 300) -> str:
        """The beginning of the body, for an error's text."""
        return self.body[:length].decode("utf-8", "replace").strip()


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    rules: Rules,
    timeout: float = TIMEOUT,
    resolver: network.Resolver | None = None,
) -> Answer:
    """The answer, whatever its status.

    Raises BlockedDestination (nothing was sent), Unreachable (nothing was sent), ReplyLost (it may have been done) and
    AnswerUnfit (the answer is too long; its status is in the message).
    """
    deadline = time.monotonic() + timeout
    try:
        target = read(url)
        judge(target, rules)
        pinned = network.addresses(target, rules, timeout=timeout, resolver=resolver)
    except NotAllowed as fault:
        raise BlockedDestination(f"This address may not be called: {fault}. Nothing was sent.") from None
    backend = network.Pinned(pinned, deadline, tls=target.scheme == "https")
    try:
        return _exchange(method, target, headers, body, backend)
    except _FAULTS as error:
        if backend.begun:
            raise ReplyLost(f"{target.origin} was sent the request and gave no answer: {_why(error)}.") from error
        raise Unreachable(f"{target.origin} cannot be reached, so nothing was sent: {_why(error)}.") from error


def _exchange(method: str, target: Target, headers: Mapping[str, str], body: bytes, backend: network.Pinned) -> Answer:
    sent = [
        ("Host", target.authority),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *headers.items(),
        ("Content-Length", str(len(body))),
    ]
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    with (
        httpcore.ConnectionPool(
            ssl_context=_trust() if target.scheme == "https" else None, network_backend=backend, max_connections=1
        ) as pool,
        pool.stream(method, url, headers=sent, content=body) as response,
    ):
        answered = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in response.headers}
        return Answer(response.status, answered, _body(response, target))


def _body(response: httpcore.Response, target: Target) -> bytes:
    """All of a good answer's body; of another one's as much as can be had, because its status says what matters."""
    received = bytearray()
    good = 200 <= response.status < 300
    try:
        for chunk in response.iter_stream():
            received += chunk
            if len(received) > LONGEST_ANSWER and good:
                raise AnswerUnfit(
                    f"{target.origin} answered {response.status} with more than {LONGEST_ANSWER} bytes; the rest was "
                    "not read."
                )
            if len(received) > LONGEST_ANSWER:
                break
    except _FAULTS:
        if good:
            raise
    return bytes(received[:LONGEST_ANSWER])


@cache
def _trust() -> ssl.SSLContext:
    """The certificates to trust: SSL_CERT_FILE or SSL_CERT_DIR where they are set, else certifi's. Made once: reading them
    costs more than a request."""
    return httpx.create_ssl_context()


def _why(error: BaseException) -> str:
    """Told in few words; the pool's own exceptions often have none."""
    return str(error).strip() or type(error).__name__
