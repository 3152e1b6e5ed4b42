"""A client that keeps some connections to a web server busy, from one thread, with as little work of its own as it can."""

import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 30.0
"""Seconds without any answer after which the server counts as hung."""


@dataclass(slots=True)
class Answers:
    """What a burst of requests got."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Seconds from the request's last byte to the answer's, in order of the answers."""
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, part: float) -> float:
        """The latency that `part` (0 to 1) of the answers stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class _Line:
    """One connection, one request under way at a time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._said = b""

    def ask(self, request: bytes) -> None:
        self._said = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole. Raises ConnectionError when the server hung up in the middle."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        self._said += chunk
        head, found, body = self._said.partition(_HEAD_END)
        if not found:
            return None
        length = _LENGTH.search(head)
        # Without a length it comes in chunks, of which only the end matters here.
        whole = body.endswith(b"0\r\n\r\n") if length is None else len(body) >= int(length[1])
        return (int(head[9:12]), body) if whole else None


class Load:
    """`connections` kept-alive connections to `address`."""

    def __init__(self, address: tuple[str, int], connections: int = 16) -> None:
        self._address = address
        self._lines = [_Line(address) for _ in range(connections)]

    def run(self, requests: Iterable[bytes]) -> Answers:
        """Send the requests, each connection its next one as soon as it has an answer; return when all are answered."""
        waiting = iter(requests)
        answers = Answers()
        with selectors.DefaultSelector() as selector:
            started = time.perf_counter()
            open_ = 0
            for line in self._lines:
                open_ += self._next(line, waiting, selector, register=True)
            while open_:
                ready = selector.select(_PATIENCE)
                if not ready:
                    raise TimeoutError(f"no answer in {_PATIENCE:g} s")
                for key, _ in ready:
                    heard = key.data.hear()
                    if heard is None:
                        continue
                    answers.latencies.append(time.perf_counter() - key.data.sent_at)
                    answers.statuses[heard[0]] = answers.statuses.get(heard[0], 0) + 1
                    open_ -= 1 - self._next(key.data, waiting, selector)
            answers.seconds = time.perf_counter() - started
        return answers

    def ask(self, request: bytes) -> tuple[int, bytes, float]:
        """One request on the first connection: status, body, time.time() of its last byte."""
        line = self._lines[0]
        line.ask(request)
        while (heard := line.hear()) is None:
            pass
        return (*heard, time.time())

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.socket.close()

    def _next(
        self, line: _Line, waiting: Iterator[bytes], selector: selectors.BaseSelector, *, register: bool = False
    ) -> bool:
        request = next(waiting, None)
        if request is None:
            return False
        if register:
            selector.register(line.socket, selectors.EVENT_READ, line)
        line.ask(request)
        return True


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP/1.1 request as bytes; `headers` by their names with underscores."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
