"""One child of the supervisor: how it starts, what it says, how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Protocol

from doplatform import paths
from doplatform.services import tether
from doplatform.services.server import Server

_LONGEST_LINE = 16_384  # bytes


class Child(Protocol):
    """What the supervisor starts, watches and stops."""

    name: str
    stop_seconds: float
    """How long it may take to end in order."""

    @property
    def output(self) -> IO[bytes] | None:
        """Its words, as an unblocking pipe; None where they go to a file."""

    @property
    def pid(self) -> int:
        """Its process id, once it was launched."""

    def launch(self) -> None:
        """Start it, without waiting until it works. Raises DoplatformError or OSError."""

    def ended(self) -> int | None:
        """The return code once it has ended, with nothing of it left behind; None while it lives, or never lived."""

    def ask_to_stop(self) -> None:
        """Send the signal for an end in order."""

    def kill(self) -> None:
        """kill -9."""


class Program:
    """A command in a session of its own. It gets kill -9 when the supervisor dies, whatever kills that."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        stop_seconds: float = 1.0,
        environment: Mapping[str, str] | None = None,
        inherit: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = list(command)
        self.stop_seconds = stop_seconds
        self.environment = dict(environment or {})
        self.inherit = tuple(inherit)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> IO[bytes] | None:
        return self._process.stdout if self._process else None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        prefix = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), "SIGKILL", "-"]
        self._process = subprocess.Popen(  # noqa: S603
            [*prefix, *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=paths.BASE,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            pass_fds=self.inherit,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def ended(self) -> int | None:
        if self._process is None:
            return None
        if self._process.returncode is None:
            # Seen, but not yet reaped: as long as the leader is a zombie its group's number belongs to nobody else.
            if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            self._signal_group(signal.SIGKILL)
        return self._process.wait()

    def ask_to_stop(self) -> None:
        if self._process is not None and self.ended() is None:
            # A paused process would sleep through the request.
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self._process is not None and self.ended() is None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Kept:
    """An embedded server as a child; its words go to a log file in the data folder."""

    output: IO[bytes] | None = None

    def __init__(self, server: Server, *, stop_seconds: float) -> None:
        self.name = server.name
        self.stop_seconds = stop_seconds
        self._server = server

    @property
    def pid(self) -> int:
        return self._server.pid

    def launch(self) -> None:
        self._server.launch(patience=0)

    def ended(self) -> int | None:
        return self._server.returncode()

    def ask_to_stop(self) -> None:
        self._server.ask_to_stop()

    def kill(self) -> None:
        self._server.kill()


def manage(*arguments: str) -> list[str]:
    """The command line of a management command in a process of its own."""
    return [sys.executable, str(paths.BASE / "manage.py"), *arguments]


class Lines:
    """Bytes in, whole lines out. A line without end is cut, so that nobody fills our memory."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace").rstrip() for line in lines if line.strip()]

    def last(self) -> list[str]:
        """What is left when there will be no more."""
        rest, self._rest = self._rest, b""
        return self.feed(rest + b"\n") if rest.strip() else []
