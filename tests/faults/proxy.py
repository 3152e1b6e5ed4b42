"""A TCP proxy on loopback before a server: it can refuse, delay, hang, and lose the reply to one statement or request.

Before a unix socket it reads what PostgreSQL is told; before a port, whatever is sent.
"""

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Cut:
    """Lose one conversation at the statement that contains `at`, if `after` was seen in the same transaction before.

    `deliver`: the server gets the statement and its reply is swallowed; otherwise the statement itself is lost.
    """

    at: bytes
    after: bytes = b""
    deliver: bool = True
    times: int = 1
    done: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """One listening port; `delay` (seconds) holds back replies, `hang` stops them, `refuse` closes new connections."""

    def __init__(self, target: Path | int) -> None:
        self.target = target
        self.delay = 0.0
        self.hang = False
        self.refuse = False
        self.cut: Cut | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """End it, with all its conversations."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Cut all conversations."""
        with self._lock:
            ends = list(self._open)
        for end in ends:
            _reset(end)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                _reset(client)
                continue
            try:
                server = self._connect()
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._open |= {client, server}
            talk = _Talk(self, client, server, plain=isinstance(self.target, int))
            threading.Thread(target=talk.up, daemon=True).start()
            threading.Thread(target=talk.down, daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self.target, int):
            return socket.create_connection(("127.0.0.1", self.target))
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self.target))
        except OSError:
            server.close()
            raise
        return server

    def forget(self, *ends: socket.socket) -> None:
        """Close both ends of a conversation that is over."""
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            _reset(end)


class _Talk:
    """One conversation. Upwards the PostgreSQL messages are read while a cut is wanted; of a `plain` one, each piece."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket, *, plain: bool = False) -> None:
        self.proxy, self.client, self.server, self.plain = proxy, client, server, plain
        self.swallow: Cut | None = None
        self.buffer = b""
        self.begun = False
        self.seen: list[bytes] = []
        self.prepared: dict[bytes, bytes] = {}

    def up(self) -> None:
        with suppress(OSError):
            while chunk := self.client.recv(65536):
                while self.proxy.hang:
                    time.sleep(0.02)
                cut = self._wanted(chunk)
                if cut is not None:
                    if cut.deliver:
                        self.swallow = cut
                        self.server.sendall(chunk)
                        continue
                    cut.done.set()
                    break
                self.server.sendall(chunk)
        if self.swallow is None:
            self.proxy.forget(self.client, self.server)

    def down(self) -> None:
        with suppress(OSError):
            while chunk := self.server.recv(65536):
                if self.swallow is not None:
                    self.swallow.done.set()
                    break
                if self.proxy.delay:
                    time.sleep(self.proxy.delay)
                while self.proxy.hang:
                    time.sleep(0.02)
                self.client.sendall(chunk)
        self.proxy.forget(self.client, self.server)

    def _wanted(self, chunk: bytes) -> Cut | None:
        for statement in self._statements(chunk):
            cut = self.proxy.cut
            if cut is None or cut.times <= 0:
                continue
            if cut.at in statement and (not cut.after or any(cut.after in other for other in self.seen)):
                cut.times -= 1
                return cut
            if statement.startswith((b"BEGIN", b"COMMIT", b"ROLLBACK\x00")):
                self.seen.clear()
            self.seen.append(statement)
        return None

    def _statements(self, chunk: bytes) -> list[bytes]:
        """The texts of the statements that this chunk asks for; prepared ones by the text they were prepared with."""
        if self.plain:
            return [chunk]
        self.buffer += chunk
        found = []
        while len(self.buffer) >= 5:
            if not self.begun:  # the start-up message has no type
                (length,) = struct.unpack_from("!i", self.buffer)
                if len(self.buffer) < length:
                    break
                self.begun = True
                self.buffer = self.buffer[length:]
                continue
            kind, (length,) = self.buffer[:1], struct.unpack_from("!i", self.buffer, 1)
            if len(self.buffer) < 1 + length:
                break
            body, self.buffer = self.buffer[5 : 1 + length], self.buffer[1 + length :]
            if kind == b"Q":
                found.append(body)
            elif kind == b"P":
                name, text = body.split(b"\x00", 2)[:2]
                self.prepared[name] = text
            elif kind == b"B":
                found.append(self.prepared.get(body.split(b"\x00", 2)[1], b""))
        return found


def _reset(end: socket.socket) -> None:
    """Close by RST, as a machine that is gone would."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
