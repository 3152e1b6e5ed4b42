"""Keeps the children of `manage.py up` alive and stops them in order.

One thread that sleeps until something happens: a child says something or ends, a signal arrives, a time comes.
"""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Self

from actions.errors import DoplatformError
from doplatform.services.child import Child, Lines

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_STEADY_SECONDS = 30.0
"""A child that lived this long starts with the shortest pause again."""

Say = Callable[[str, str], None]


class Stop(BaseException):
    """Ctrl-C or SIGTERM, while the supervisor is not yet waiting for events."""


@dataclass(eq=False)
class _Ward:
    child: Child
    tries: int | None = None
    """How often it may end with a fault; None for what is meant to live on."""
    done: Callable[[], None] | None = None
    together: bool = False
    """Asked to stop along with the one started before it."""
    launched_at: float = 0.0
    pause: float = _FIRST_PAUSE
    alive: bool = False
    lines: Lines = field(default_factory=Lines)


class Supervisor:
    """`say(name, line)` prints. Use as a context manager around everything, from the main thread."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._wards: list[_Ward] = []
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._serving = False
        self._stopping = False

    def __enter__(self) -> Self:
        self._wake, wake = socket.socketpair()
        self._wake_end = wake
        for end in (self._wake, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        answers = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), self._request_stop)
        self._before = {number: signal.signal(number, answer) for number, answer in answers.items()}
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self.watch(self._wake, self._look_after_children)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._selector.close()
        self._wake.close()
        self._wake_end.close()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """No Stop is raised in here but at the end, so that no child starts without our knowing of it."""
        before, self._serving = self._serving, True
        try:
            yield
        finally:
            self._serving = before
        if self._stopping and not self._serving:
            raise Stop

    def adopt(self, child: Child) -> None:
        """Look after a child that runs already."""
        self._wards.append(_Ward(child, alive=True, launched_at=time.monotonic()))

    def keep(self, child: Child, *, together: bool = False) -> None:
        """Start a child, and start it again whenever it ends. `together`: it stops with the one started before it."""
        ward = _Ward(child, together=together)
        with self.undisturbed():
            self._wards.append(ward)
            self._launch(ward)

    def once(self, child: Child, *, tries: int, done: Callable[[], None]) -> None:
        """Start a child that ends by itself; up to `tries` times until it ends well, and then `done` is called."""
        ward = _Ward(child, tries=tries, done=done, together=True)
        self._wards.append(ward)
        self._launch(ward)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back once, after that time."""
        self._timers.append((time.monotonic() + seconds, callback))

    def watch(self, source: socket.socket | IO[bytes], callback: Callable[[], None]) -> None:
        """Call back whenever `source` can be read."""
        self._selector.register(source, selectors.EVENT_READ, callback)

    def unwatch(self, source: socket.socket | IO[bytes]) -> None:
        """The opposite of watch."""
        self._selector.unregister(source)

    def serve(self) -> None:
        """Return when Ctrl-C, SIGTERM or SIGHUP asks for the end."""
        self._serving = True
        try:
            while not self._stopping:
                self._step(None)
        except Stop:
            pass

    def stop(self) -> None:
        """End all children, the last one started first asked; kill -9 for those that take longer than they may."""
        self._stopping = self._serving = True
        self._timers.clear()
        for group in self._order_of_stopping():
            self._stop_together(group)
        self._wards.clear()

    def _stop_together(self, group: Sequence[_Ward]) -> None:
        for ward in group:
            ward.child.ask_to_stop()
        asked = time.monotonic()
        for ward in sorted(group, key=lambda ward: ward.child.stop_seconds):
            until = asked + ward.child.stop_seconds
            while ward.alive and time.monotonic() < until:
                self._step(until)
                self._look_after(ward)
            if ward.alive:
                ward.child.kill()
                self._look_after(ward)
                self.say(ward.child.name, "took too long to stop, and was killed")

    def _order_of_stopping(self) -> Sequence[Sequence[_Ward]]:
        groups: list[list[_Ward]] = []
        for ward in self._wards:
            if not ward.together or not groups:
                groups.append([])
            groups[-1].append(ward)
        alive = ([ward for ward in group if ward.alive] for group in reversed(groups))
        return [group for group in alive if group]

    def _step(self, until: float | None) -> None:
        """Wait for one thing to happen, and answer it."""
        due = min([at for at, _ in self._timers] + ([until] if until is not None else []), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        for key, _ in self._selector.select(timeout):
            key.data()
        now = time.monotonic()
        ripe = [callback for at, callback in self._timers if at <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for callback in ripe:
            callback()

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            return
        self._stopping = True
        if not self._serving:
            raise Stop

    def _look_after_children(self) -> None:
        try:
            while self._wake.recv(1024):
                pass
        except BlockingIOError:
            pass
        for ward in list(self._wards):
            self._look_after(ward)

    def _look_after(self, ward: _Ward) -> None:
        code = ward.child.ended() if ward.alive else None
        if code is None:
            return
        ward.alive = False
        self._close(ward)
        if not self._stopping:
            self._after_end(ward, code)

    def _after_end(self, ward: _Ward, code: int) -> None:
        if ward.tries is not None:
            ward.tries -= 1
            if code == 0 and ward.done:
                ward.done()
            if code and not ward.tries:
                self.say(ward.child.name, f"{_cause(code)}; given up")
            if not code or not ward.tries:
                self._wards.remove(ward)
                return
        if time.monotonic() - ward.launched_at > _STEADY_SECONDS:
            ward.pause = _FIRST_PAUSE
        self._again(ward, _cause(code))

    def _again(self, ward: _Ward, cause: str) -> None:
        self.say(ward.child.name, f"{cause}; starting it again in {ward.pause:g} s")
        self.later(ward.pause, lambda: self._launch(ward))
        ward.pause = min(2 * ward.pause, _LONGEST_PAUSE)

    def _launch(self, ward: _Ward) -> None:
        ward.launched_at = time.monotonic()
        try:
            ward.child.launch()
        except (DoplatformError, OSError) as error:
            self._again(ward, f"did not start: {error}")
            return
        ward.alive = True
        if ward.pause > _FIRST_PAUSE:
            self.say(ward.child.name, f"was started again (process {ward.child.pid})")
        if output := ward.child.output:
            self.watch(output, lambda: self._read(ward))

    def _read(self, ward: _Ward) -> None:
        output = ward.child.output
        if output is None or output.closed:
            # What came with the news of its end was read when that was heard, a moment ago in the same step.
            return
        chunk = output.read(65_536)
        if chunk is None:
            return
        if not chunk:
            self.unwatch(output)
            return
        for line in ward.lines.feed(chunk):
            self.say(ward.child.name, line)

    def _close(self, ward: _Ward) -> None:
        """Print what it said last, and let go of its pipe."""
        output = ward.child.output
        if output is None:
            return
        while chunk := output.read(65_536):
            for line in ward.lines.feed(chunk):
                self.say(ward.child.name, line)
        for line in ward.lines.last():
            self.say(ward.child.name, line)
        if output.fileno() in self._selector.get_map():
            self.unwatch(output)
        output.close()


def _cause(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}" if code else "ended"


def say_to(write: Callable[[str], object]) -> Say:
    """A Say that puts the time and the process' name before each line. A closed terminal must not keep anything from stopping."""

    def say(name: str, line: str) -> None:
        try:
            write(f"{time.strftime('%H:%M:%S')} {name:<8} | {line}".rstrip() + "\n")
        except OSError:
            os.kill(os.getpid(), signal.SIGHUP)

    return say
