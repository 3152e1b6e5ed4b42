"""What only a real server shows: sockets, lying lengths, slow clients, many that wait."""

import selectors
import socket
import time
from contextlib import ExitStack
from typing import Any

from tests.interfaces.api import Api, api, caller
from tests.interfaces.server import Reply, Server, message, server
from tests.stage import crew, engine, rows, value, worker

__all__ = ["api", "caller", "crew", "engine", "server", "worker"]
ECHO = "actions/test-echo/executions"
BODY = b'{"params": {"value": 1}}'


def test_a_whole_life(server: Server, api: Api, worker: Any):
    """Asked for, waited for, looked at; HEAD without a body; a connection that serves several requests"""
    with server.connect() as sock:
        sock.sendall(message("POST", ECHO, api.key, BODY))
        told = Reply.read(sock)
        assert told.status == 202
        path = told.headers["location"].removeprefix("/api/v1/")
        worker.work()
        sock.sendall(message("GET", f"{path}?wait=5", api.key))
        ended = Reply.read(sock)
        assert (ended.status, ended.json["result"]) == (200, 1)
        sock.sendall(message("HEAD", path, api.key) + message("GET", path, api.key))
        file = sock.makefile("rb")
        assert b"200" in file.readline()
        head = b"".join(iter(file.readline, b"\r\n"))
        assert b"Content-Length: %d" % len(ended.body) in head
        assert b"200" in file.readline()


def test_lengths_that_lie(server: Server, api: Api):
    """B05: too short a body, none at all, in chunks, both at once"""
    head = f"POST /api/v1/{ECHO} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api.key}\r\n"
    head += "Content-Type: application/json\r\n"
    with server.connect() as sock:
        sock.sendall(f"{head}Content-Length: 500\r\n\r\n".encode() + BODY)
        sock.shutdown(socket.SHUT_WR)
        short = Reply.read(sock)
    assert (short.status, short.json["code"]) == (400, "incomplete_body")
    none = server.raw(f"{head}\r\n".encode())
    assert (none.status, none.json["code"]) == (411, "length_required")
    chunks = server.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"18\r\n" + BODY + b"\r\n0\r\n\r\n")
    assert (chunks.status, chunks.json["code"]) == (411, "length_required")
    both = server.raw(f"{head}Transfer-Encoding: chunked\r\nContent-Length: 24\r\n\r\n".encode() + BODY)
    assert both.status in {400, 411}
    assert both.headers["content-type"] == "application/problem+json"
    large = server.raw(f"{head}Content-Length: 999999999\r\n\r\n".encode())
    assert (large.status, large.json["code"]) == (413, "payload_too_large")
    garbage = server.raw(b"what is this\r\n\r\n")
    assert (garbage.status, garbage.headers["content-type"]) == (400, "application/problem+json")
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_two_headers(server: Server, api: Api):
    """B20, B24: neither of two keys is taken"""
    twice = message("POST", ECHO, api.key, BODY, Idempotency_Key="a")
    twice = twice.replace(b"Idempotency-Key: a", b"Idempotency-Key: a\r\nIdempotency-Key: a")
    refused = server.raw(twice)
    assert (refused.status, refused.json["code"]) == (400, "idempotency_key_invalid")
    keys = message("GET", "actions", api.key).replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer x\r\n\r\n")
    assert server.raw(keys).status == 401


def test_slow_clients(server: Server, api: Api):
    """B37: headers or a body that do not come are not waited for (2 s here, 20 s otherwise); others are served meanwhile"""
    slow = []
    for part in (
        b"POST /api/v1/",
        message("POST", ECHO, api.key, BODY)[:-5],
        message("POST", ECHO, api.key, b"x" * 9_000)[:-10],
    ):
        sock = server.connect()
        sock.sendall(part)
        slow.append(sock)
    begun = time.monotonic()
    trickle = server.connect()
    trickle.sendall(message("POST", ECHO, api.key, b"x" * 1_000)[:-990])
    trickle.settimeout(0.2)
    closed = False
    while not closed and time.monotonic() < begun + 10:
        try:
            trickle.sendall(b"x")
            closed = trickle.recv(1_000)[:12] in {b"", b"HTTP/1.1 400"}
        except TimeoutError:
            assert server.request("GET", "actions", api.key).status == 200
        except OSError:
            closed = True
    assert closed
    for sock in slow:
        assert Reply.read(sock).status in {0, 400, 408}
        sock.close()
    trickle.close()
    assert time.monotonic() < begun + 8


def connections() -> int:
    return int(value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doplatform web'"))


def statements(seconds: float) -> int:
    """How many statements the server's sessions begin meanwhile, as far as one looks that often."""
    seen = set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen |= set(rows("SELECT pid, query_start FROM pg_stat_activity WHERE application_name = 'doplatform web'"))
        time.sleep(0.005)
    return len(seen) - connections()


def test_five_hundred_that_wait(server: Server, api: Api, worker: Any):
    """500 clients wait at once: they own no connection and cost no statement; others are served; all are told at the end"""
    ids = [server.request("POST", ECHO, api.key, BODY).json["id"] for _ in range(20)]
    waiting: dict[socket.socket, float] = {}
    with ExitStack() as stack:
        wait_and_be_told(server, api, worker, ids, waiting, stack)


def wait_and_be_told(
    server: Server, api: Api, worker: Any, ids: list[str], waiting: dict[socket.socket, float], stack: ExitStack
) -> None:
    for number in range(500):
        sock = stack.enter_context(server.connect())
        sock.sendall(message("GET", f"executions/{ids[number % 20]}?wait=60", api.key))
        waiting[sock] = 0.0
    # Served behind them: by now all of them have been taken.
    took = []
    for _ in range(40):
        begun = time.monotonic()
        assert server.request("GET", f"executions/{ids[0]}", api.key).status == 200
        took.append(time.monotonic() - begun)
    settled = sorted(took[-20:])
    assert settled[10] < 0.1
    assert connections() <= 6
    # The thread that listens looks once a second for all of them.
    assert statements(2.0) <= 6
    begun = time.monotonic()
    worker.work()
    done = time.monotonic()
    selector = selectors.DefaultSelector()
    for sock in waiting:
        selector.register(sock, selectors.EVENT_READ)
    while selector.get_map() and time.monotonic() < done + 15:
        for key, _ in selector.select(1.0):
            reply = Reply.read(key.fileobj)
            assert (reply.status, reply.json["status"]) == (200, "succeeded")
            waiting[key.fileobj] = time.monotonic() - begun
            selector.unregister(key.fileobj)
            key.fileobj.close()
    assert all(waiting.values())
    assert connections() <= 6
    print(
        f"500 waited; the last was told {max(waiting.values()):.2f} s after the work began, GET took {settled[10] * 1000:.1f} ms"
    )


def test_told_at_once(server: Server, api: Api, worker: Any):
    """Prefer: wait answers within milliseconds of the settle"""
    times = []
    for _ in range(20):
        with server.connect() as sock:
            sock.sendall(message("POST", ECHO, api.key, BODY, Prefer="wait=10"))
            while not value("SELECT count(*) FROM actions_execution WHERE status = 'queued'"):
                time.sleep(0.001)
            time.sleep(0.02)
            worker.work()
            begun = time.monotonic()
            reply = Reply.read(sock)
            times.append(time.monotonic() - begun)
            assert (reply.status, reply.json["status"]) == (200, "succeeded")
            assert reply.headers["preference-applied"] == "wait=10"
    print(f"told within {sorted(times)[10] * 1000:.1f} ms (p50)")
    assert sorted(times)[10] < 0.05
