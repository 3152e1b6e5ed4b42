"""A real web process, served by gunicorn as installations serve it, and plain sockets to speak to it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.stage import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """One gunicorn with one worker process."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def raw(self, request: bytes, *, sock: socket.socket | None = None) -> "Reply":
        """What the server says to these bytes."""
        with sock or self.connect() as own:
            own.sendall(request)
            return Reply.read(own)

    def request(self, method: str, path: str, key: str, body: bytes | None = None, **headers: str) -> "Reply":
        """One request on a connection of its own."""
        return self.raw(message(method, path, key, body, **headers))


class Reply:
    """A response as it came over the line."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @classmethod
    def read(cls, sock: socket.socket) -> "Reply":
        """The next response on a connection; status 0 where it was closed instead."""
        file = sock.makefile("rb")
        first = file.readline()
        if not first:
            return cls(0, [], b"")
        headers = []
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        reply = cls(int(first.split()[1]), headers, b"")
        reply.body = file.read(int(reply.headers.get("content-length", 0)))
        return reply


def message(method: str, path: str, key: str, body: bytes | None = None, **headers: str) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} /api/v1/{path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    """gunicorn with this environment, once it answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    log = folder / "web.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:doplatform.serving", "doplatform.wsgi"]
    command += [
        "--bind",
        f"fd://{listener.fileno()}",
        "--workers",
        "1",
        "--graceful-timeout",
        "1",
        "--log-level",
        "warning",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT), **environment},
            pass_fds=[listener.fileno()],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            server = Server(listener.getsockname()[1], process, log)
            _await(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
            listener.close()


def _await(server: Server) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=PATIENCE):
                return
        except OSError:
            assert server.process.poll() is None, server.log.read_text()
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.05)


def database_url() -> str:
    """The address of the tests' database."""
    place = connection.settings_dict
    host, port = quote(str(place["HOST"]), safe=""), place["PORT"] or 5432
    return f"postgresql://{place['USER']}@/{place['NAME']}?host={host}&port={port}"


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the tests' database, for the tests of one module."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "staticfiles").mkdir()
    with serving(folder, DATABASE_URL=database_url(), DATABASE_POOL="6", RECEIVE_SECONDS="2") as one:
        yield one
