"""A server on loopback that plays the platform's answers, and its misfortunes, one after another."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

KEY = "do_live_0a1b2c3d_" + "S3cretS3cret" * 3 + "S3cretS_" + "abc123"
ID = "exec_06ek3hb8a5m7f8s0c1x2y3z4w5"
_RESET = struct.pack("ii", 1, 0)


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


Act = Callable[[BaseHTTPRequestHandler], None]


class StandIn:
    """Answers each request by the next act; the last one stays. `asked` are the requests so far."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._acts: list[Act] = []
        self._lock = threading.Lock()
        self.over = threading.Event()
        self.hangs = threading.Event()
        """Whether a client waits for an answer that does not come."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def plays(self, *acts: Act) -> "StandIn":
        """These, one after another."""
        self._acts = list(acts)
        self.asked.clear()
        return self

    def turn(self, asked: Asked) -> Act:
        """The act for a request that came."""
        with self._lock:
            self.asked.append(asked)
            return self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of all requests that changed something."""
        return [one.headers["idempotency-key"] for one in self.asked if one.method == "POST"]

    def close(self) -> None:
        """Let go of the port and of what still hangs."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server for a test."""
    server = StandIn()
    try:
        yield server
    finally:
        server.close()


def _handler(play: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        over, hangs = play.over, play.hangs

        def do_POST(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            act = play.turn(Asked(self.command, url.path, parse_qs(url.query), headers, body))
            with suppress(OSError):
                act(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def says(document: Any, status: int = 200, **headers: str) -> Act:
    """A JSON answer."""
    return raw(json.dumps(document).encode(), status, **{"Content_Type": "application/json", **headers})


def raw(content: bytes, status: int = 200, **headers: str) -> Act:
    """Any answer; names of headers with _ for -."""

    def act(to: Any) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.send_header("Content-Length", str(len(content)))
        to.end_headers()
        to.wfile.write(content)

    return act


def problem(status: int, code: str, detail: str = "No.", errors: Any = (), **headers: str) -> Act:
    """A refusal as the platform words it."""
    document = {
        "type": "about:blank", "title": "Refused", "status": status, "code": code, "detail": detail,
        "errors": list(errors), "request_id": "req-7",
    }  # fmt: skip
    return raw(json.dumps(document).encode(), status, **{"Content_Type": "application/problem+json", **headers})


def execution(status: str = "queued", **more: Any) -> dict[str, Any]:
    """An execution as it is described."""
    return {"id": ID, "action": "send-welcome-email", "status": status, "error": None, "result": None, **more}


def accepted(**more: Any) -> Act:
    """202."""
    return says(execution(**more), 202, Location=f"/api/v1/executions/{ID}")


def done(result: Any = None) -> Act:
    """It has succeeded."""
    return says(execution("succeeded", result=result))


def failed(message: str = "mailbox full", **more: Any) -> Act:
    """It has failed."""
    error = {"code": "exception", "class": "SMTPError", "message": message}
    return says(execution("failed", error=error, **more))


def cut(to: Any) -> None:
    """Reset the connection with no answer: whether the request was taken, the client cannot know."""
    to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    to.connection.close()
    to.close_connection = True


def cut_within(to: Any) -> None:
    """Half of an answer, then the end of the connection."""
    to.send_response(202)
    to.send_header("Content-Length", "1000")
    to.end_headers()
    to.wfile.write(b'{"id": "')
    to.wfile.flush()
    to.connection.shutdown(socket.SHUT_RDWR)
    to.close_connection = True


def silent(to: Any) -> None:
    """No answer for as long as the test runs."""
    to.hangs.set()
    to.over.wait(30)
    to.close_connection = True


def dripping(to: Any) -> None:
    """An answer that comes a byte at a time, for as long as the test runs."""
    to.send_response(200)
    to.send_header("Content-Length", "100000")
    to.end_headers()
    while not to.over.is_set():
        to.wfile.write(b" ")
        to.wfile.flush()
        time.sleep(0.02)
