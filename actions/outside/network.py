"""Connections to addresses that were judged, and to no other, until one deadline."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from actions.errors import Unreachable
from actions.outside.address import Address, NotAllowed, Rules, Target, judge_address

_LONGEST_LOOKUP = 5.0
_LONGEST_CONNECT = 5.0
Resolver = Callable[[str, int, float], list[str]]


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a name, in the order of preference. Raises Unreachable.

    In a thread of its own: the system's resolver can be given no timeout, and holds whoever asks for as long as it likes.
    """
    found: list[str] = []
    fault: list[str] = []

    def ask() -> None:
        try:
            found.extend(str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            fault.append(getattr(error, "strerror", None) or str(error))

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(min(timeout, _LONGEST_LOOKUP))
    if thread.is_alive():
        raise Unreachable(f"{host} was not resolved in time, so nothing was sent.")
    if not found:
        raise Unreachable(f"{host} cannot be resolved ({fault[0] if fault else 'no address'}), so nothing was sent.")
    return list(dict.fromkeys(found))


def addresses(target: Target, rules: Rules, *, timeout: float, resolver: Resolver | None = None) -> list[str]:
    """Where to connect to, resolved once. Raises NotAllowed when any of them may not be called, Unreachable."""
    if target.literal is not None:
        found: Iterable[str] = [str(target.literal)]
    else:
        found = (resolver or resolve)(target.host, target.port, timeout)
    judged = [_address(text) for text in found]
    for address in judged:
        judge_address(address, target, rules)
    return [str(address) for address in judged]


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        # A scope, such as fe80::1%eth0: an address of this machine's own links.
        raise NotAllowed(f"{text} is not a public address") from None


class Line(httpcore.NetworkStream):
    """A connection whose every wait ends at the same deadline, and that knows whether a byte of the request went out."""

    def __init__(self, stream: httpcore.NetworkStream, backend: "Pinned", *, carries: bool) -> None:
        self._stream = stream
        self._backend = backend
        self._carries = carries

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See httpcore."""
        return self._stream.read(max_bytes, self._backend.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See httpcore."""
        left = self._backend.left(httpcore.WriteTimeout)
        if self._carries and buffer:
            self._backend.begun = True
        self._stream.write(buffer, left)

    def close(self) -> None:
        """See httpcore."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See httpcore."""
        left = self._backend.left(httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=left)
        return Line(stream, self._backend, carries=True)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._stream.get_extra_info(info)


class Pinned(httpcore.NetworkBackend):
    """Connects to the given addresses, whatever host it is asked for."""

    def __init__(self, pinned: list[str], deadline: float, *, tls: bool) -> None:
        self._pinned = pinned
        self._deadline = deadline
        self._tls = tls
        self._backend = httpcore.SyncBackend()
        self.begun = False
        """Whether a byte of the request went out: from then on the other side may have done it."""

    def left(self, late: type[Exception]) -> float:
        """Seconds until the deadline. Raises `late` after it."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late("the time is up")
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """See httpcore; the addresses are tried in their order."""
        fault: Exception = httpcore.ConnectError("there is no address")
        for address in self._pinned:
            left = min(self.left(httpcore.ConnectTimeout), _LONGEST_CONNECT)
            try:
                stream = self._backend.connect_tcp(address, port, timeout=left, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
            else:
                return Line(stream, self, carries=not self._tls)
        raise fault
