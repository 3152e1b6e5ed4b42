"""The web process: its connections to PostgreSQL, and a gunicorn worker that no slow client can hold.

Many threads wait (`Prefer: wait`), few work: a thread has a connection for as long as it asks PostgreSQL something, out of a
pool of the process, and none while it waits.
"""

import gc
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import close_old_connections, connections
from django.urls import get_resolver
from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

from doplatform import env

RECEIVE = 20.0
"""Seconds within which a request must have come, its body included."""
_LOOK_EVERY = 1.0
_POOL_PATIENCE = 3.0
"""Seconds that a request waits for a connection before it is told to come again."""


def prepare_process() -> None:
    """Give this process a pool (DATABASE_POOL connections), and its sessions limits. Before its first connection."""
    settings = connections.settings["default"]
    settings["ENGINE"] = "doplatform.postgres"
    settings |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    options: dict[str, Any] = dict(settings.get("OPTIONS", {}))
    # Milliseconds. No page and no request is worth more.
    limits = {"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 60_000, "lock_timeout": 5_000}
    ours = " ".join(f"-c {name}={value}" for name, value in limits.items())
    options["options"] = f"{ours} {options.get('options', '')}".strip()
    options |= {"connect_timeout": 3, "keepalives_idle": 10, "tcp_user_timeout": 15_000}
    options["application_name"] = "doplatform web"
    most = env.number("DATABASE_POOL", 10)
    options["pool"] = {
        "min_size": 1,
        "max_size": most,
        "timeout": _POOL_PATIENCE,
        # A server that comes back is found by the next request, not by the end of a long pause.
        "reconnect_timeout": 4.0,
        "num_workers": 2,
    }
    settings["OPTIONS"] = options
    # Made by the start, with the settings before these.
    if hasattr(connections._connections, "default"):  # type: ignore[attr-defined]  # asgiref's Local
        del connections["default"]


def keep_for_good() -> None:
    """What the application consists of is not searched for garbage again: that stops all threads, for 0.1 s each time."""
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def giving_back(application: Callable[..., Any]) -> Callable[..., Any]:
    """The application, whose connection goes back to the pool when the answer is made: it is sent at its reader's pace."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response = application(environ, start_response)
        close_old_connections()
        return response

    return answer


class Receiving:
    """The sockets on which requests are still coming; a thread ends those that take too long."""

    def __init__(self, seconds: float = RECEIVE) -> None:
        self._seconds = seconds
        self._until: dict[socket.socket, float] = {}
        self._thread: threading.Thread | None = None

    def begin(self, sock: socket.socket) -> float:
        """A request begins to come; returns when it must have come."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="receiving", daemon=True)
            self._thread.start()
        until = self._until[sock] = time.monotonic() + self._seconds
        return until

    def resume(self, sock: socket.socket, until: float) -> None:
        """More of it is read now."""
        self._until[sock] = until

    def end(self, sock: socket.socket) -> None:
        """Nothing is waited for, for now."""
        self._until.pop(sock, None)

    def _serve(self) -> None:
        while True:
            time.sleep(min(_LOOK_EVERY, self._seconds / 4))
            now = time.monotonic()
            for sock, until in list(self._until.items()):
                if now > until:
                    self._until.pop(sock, None)
                    # Whoever reads sees the end of the request; the answer can still be sent.
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RD)


class Worker(ThreadWorker):
    """gunicorn's threads, with an end for requests that come too slowly, and its own refusals as problem documents."""

    def init_process(self) -> None:
        """In the worker's process."""
        self.receiving = Receiving(env.number("RECEIVE_SECONDS", int(RECEIVE)))
        util.write_error = write_problem
        super().init_process()

    def run(self) -> None:
        """The application is loaded, and no request has come yet."""
        keep_for_good()
        super().run()

    def handle(self, conn: TConn) -> Any:
        """One request of a connection."""
        conn.until = self.receiving.begin(conn.sock)
        try:
            return super().handle(conn)
        finally:
            self.receiving.end(conn.sock)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Its headers are here; its body is read when the application wants it."""
        self.receiving.end(conn.sock)
        for name in ("read", "readline"):
            setattr(req.body, name, partial(self._read, getattr(req.body, name), conn))
        return super().handle_request(req, conn)

    def _read(self, read: Callable[..., bytes], conn: TConn, *args: Any) -> bytes:
        self.receiving.resume(conn.sock, conn.until)
        try:
            return read(*args)
        finally:
            self.receiving.end(conn.sock)


def write_problem(sock: socket.socket, status: int, reason: str, detail: str) -> None:
    """What gunicorn refuses by itself, as a problem document; instead of its page."""
    body = json.dumps(
        {
            "type": "urn:doplatform:problem:bad_request",
            "title": reason,
            "status": status,
            "code": "bad_request" if status < 500 else "internal_error",
            "detail": detail[:200],
            "errors": [],
            "request_id": "",
        }
    )
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, f"{head}{body}".encode("latin-1", "replace"))
