"""Somebody's HTTP server on loopback, with a ledger of what it has done, that answers in every way that servers do."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 10.0


@dataclass(frozen=True)
class Received:
    """One request, read to its end. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Way = Callable[["Provider", socket.socket, Received], None]


def answer(status: int = 200, value: Any = None, **headers: str) -> Way:
    """Does it, and says so. Underscores in header names become dashes."""

    def act(provider: "Provider", line: socket.socket, request: Received) -> None:
        if status < 300 or status == 500:
            provider.ledger.append(request)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        headers.setdefault("Content_Type", "application/json")
        names = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
        line.sendall(f"HTTP/1.1 {status} So\r\nContent-Length: {len(body)}\r\n{names}\r\n".encode() + body)

    return act


def hangs(provider: "Provider", line: socket.socket, request: Received) -> None:
    """Does it, and never says so."""
    provider.ledger.append(request)
    provider.closing.wait(PATIENCE)


def resets(provider: "Provider", line: socket.socket, request: Received) -> None:
    """Does it, and cuts the line."""
    provider.ledger.append(request)
    cut(line)


def drips(provider: "Provider", line: socket.socket, request: Received) -> None:
    """Does it, and says so a byte at a time."""
    provider.ledger.append(request)
    line.sendall(b"HTTP/1.1 200 So\r\nContent-Length: 1000\r\n\r\n")
    with suppress(OSError):
        while not provider.closing.wait(0.05):
            line.sendall(b" ")


def drips_headers(provider: "Provider", line: socket.socket, request: Received) -> None:
    """Does it, and does not get to the body."""
    provider.ledger.append(request)
    line.sendall(b"HTTP/1.1 200 So\r\n")
    with suppress(OSError):
        while not provider.closing.wait(0.05):
            line.sendall(b"X: y\r\n")


def cut(line: socket.socket) -> None:
    """Close with a reset."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@dataclass
class Provider:
    """Answers each request in the next of `ways`, the last one again and again."""

    ways: list[Way]
    trust: ssl.SSLContext | None = None
    deaf: bool = False
    """Cuts every line before it has read anything."""
    ledger: list[Received] = field(default_factory=list)
    """What it has done."""
    asked: list[Received] = field(default_factory=list)
    """What it was asked, done or not."""
    connections: int = 0
    server_names: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.port = 0
        self.up()

    @property
    def url(self) -> str:
        return f"http{'s' if self.trust else ''}://127.0.0.1:{self.port}/do"

    @property
    def place(self) -> str:
        """As OUTSIDE_ALLOWED_HOSTS has it."""
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        assert self._listener is not None
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        self.closing.set()
        self.down()
        for line in self._open:
            with suppress(OSError):
                line.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                self.connections += 1
                self._open.append(line)
                threading.Thread(target=self._converse, args=(line,), daemon=True).start()

    def _converse(self, line: socket.socket) -> None:
        with suppress(OSError, ValueError):
            line.settimeout(PATIENCE)
            if self.deaf:
                cut(line)
                return
            if self.trust is not None:
                line = self.trust.wrap_socket(line, server_side=True)
                self._open.append(line)
            request = self._read(line)
            self.asked.append(request)
            way = self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]
            way(self, line, request)
            line.close()

    def _read(self, line: socket.socket) -> Received:
        with line.makefile("rb") as file:
            method, path, _ = file.readline().decode().split()
            headers = {}
            while row := file.readline().decode().strip():
                name, _, text = row.partition(":")
                headers[name.lower()] = text.strip()
            return Received(method, path, headers, file.read(int(headers.get("content-length", 0))))


@contextmanager
def provider(*ways: Way, **options: Any) -> Iterator[Provider]:
    """One, for a while."""
    one = Provider(list(ways) or [answer()], **options)
    try:
        yield one
    finally:
        one.close()
