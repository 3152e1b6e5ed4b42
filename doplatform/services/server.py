"""One embedded server: a child process that holds its data folder, dies with its parent, and can be killed and started.

The lock on the data folder is a file that the server and all its own children inherit, so that it stays held for as
long as any of them lives, whatever became of whoever started them.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

from doplatform import paths
from doplatform.services import account, tether
from doplatform.services.errors import ServerFailed, ServerHeld

_START_SECONDS = 60.0
_LOCK_SECONDS = 15.0
_LOOK_SECONDS = 0.02
_LARGEST_LOG = 10_000_000  # bytes


class Server(ABC):
    """A server process over the folder `data`/<name>, listening on a unix socket and nowhere else."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data = data.resolve()
        self.folder = self.data / self.name
        self.log = self.data / f"{self.name}.log"
        self.sockets = paths.socket_folder(self.data)
        self.settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises ServerFailed when it was never started."""
        if self._process is None:
            raise ServerFailed(f"{self.name} was not started.")
        return self._process.pid

    def start(self) -> Self:
        """Start, and return when it answers. Does nothing where it is running.

        Raises ServerHeld when another live server holds the folder, ServerFailed when it does not come up in a minute.
        """
        if self.running():
            return self
        self.launch()
        self.await_ready()
        return self

    def launch(self, *, patience: float = _LOCK_SECONDS) -> None:
        """Start, without waiting until it answers; `patience` is how long an earlier server may be dying, in seconds.

        Raises ServerHeld when it has not died by then.
        """
        self._make_folders()
        lock = self._lock(patience)
        try:
            self._prepare()
            self._process = self._spawn(lock)
        finally:
            os.close(lock)

    def await_ready(self) -> None:
        """Return when a launched server answers and can be used. Raises ServerFailed when that takes over a minute."""
        self._await_answer()
        self._after_start()

    def running(self) -> bool:
        """Whether the process lives (it may be paused)."""
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout: float = 10.0) -> None:
        """Let it end in order; after `timeout` seconds by kill -9, which loses nothing that was acknowledged."""
        if self._process is None or not self.running():
            return
        self.ask_to_stop()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask_to_stop(self) -> None:
        """Send the signal for an end in order, also to a server that is paused."""
        if self._process is not None and self.running():
            self.resume()
            self._process.send_signal(self.stop_signal)

    def returncode(self) -> int | None:
        """How it ended; None while it runs, or was never started."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """kill -9 of the server and all its children."""
        if self._process is None or not self.running():
            return
        self._signal_all(signal.SIGKILL)
        self._process.wait()

    def restart(self) -> Self:
        """Stop where it runs, then start again."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP to the server and all its children: connections stay open and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to the server and all its children."""
        self._signal_all(signal.SIGCONT)

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it takes requests now."""

    def _prepare(self) -> None:  # noqa: B027  (optional)
        """What must be there before the server starts; the folder is locked meanwhile."""

    def _after_start(self) -> None:  # noqa: B027  (optional)
        """What must be there before anybody uses it."""

    def _make_folders(self) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.own(self.folder)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not account.needed() and self.sockets.stat().st_uid != os.geteuid():
            raise ServerFailed(f"{self.sockets} belongs to another user; remove it, or choose another data folder.")
        account.own(self.sockets)

    def _lock(self, patience: float) -> int:
        """The locked file, as a descriptor for the server to inherit. Waits while an earlier server is dying."""
        file = os.open(self.data / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    os.close(file)
                    raise ServerHeld(
                        f"A live {self.name} holds {self.folder}; it was left alone. Stop it, or use another folder."
                    ) from None
                time.sleep(_LOOK_SECONDS)
            else:
                return file

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        prefix = [sys.executable, "-I", "-S", tether.__file__]
        prefix += [str(os.getpid()), self.stop_signal.name, account.name()]
        # A session of its own, so that Ctrl-C in the terminal does not reach it before those who use it have ended.
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [*prefix, *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                pass_fds=(lock,),
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while not self.answers():
            if not self.running():
                raise ServerFailed(
                    f"{self.name} ended while it started. Its log, {self.log}, ends: {self._last_words()}"
                )
            if time.monotonic() > until:
                self.kill()
                raise ServerFailed(f"{self.name} did not answer within a minute. Its log: {self.log}.")
            time.sleep(_LOOK_SECONDS)

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 2000))
            return log.read().decode(errors="replace").strip()

    def _signal_all(self, number: signal.Signals) -> None:
        """To the server first, so that it starts no child meanwhile."""
        children = _children(self.pid)
        for pid in (self.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
