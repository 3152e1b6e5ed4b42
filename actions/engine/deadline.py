"""Timeouts that a handler cannot swallow: an exception at the soft one, the end of the process at the hard one."""

import faulthandler
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from actions.errors import ShuttingDown, SoftTimeout

_REARM = 0.5
"""The hard timer is set anew only when it is off by more than this (seconds): each setting starts a thread."""


class Deadline:
    """The timers of one worker process. Soft ones need its main thread; `kill` arms the hard ones."""

    def __init__(self, *, kill: bool) -> None:
        self._kill = kill
        self._handler_runs = False
        self._hard_at = 0.0
        signal.signal(signal.SIGALRM, self._ring)

    @contextmanager
    def running(self, *, soft: float, hard: float) -> Iterator[None]:
        """Bound a handler: SoftTimeout after `soft` seconds, death of the process after `hard`.

        Inside another one, a step within its workflow's function, the other's time stands still.
        """
        outer, left, hard_left = (
            self._handler_runs,
            signal.getitimer(signal.ITIMER_REAL)[0],
            self._hard_at - time.monotonic(),
        )
        if self._kill:
            self._arm_hard(hard)
        self._handler_runs = True
        signal.setitimer(signal.ITIMER_REAL, soft)
        try:
            yield
        finally:
            self._handler_runs = outer
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001) if outer else 0)
            if outer and self._kill:
                self._arm_hard(hard_left)

    def rest(self) -> None:
        """No handler runs: nothing may kill the process."""
        if self._hard_at:
            faulthandler.cancel_dump_traceback_later()
            self._hard_at = 0.0

    def interrupt(self, signum: int, frame: FrameType | None) -> None:
        """A signal handler: end the handler that runs, because the process must stop."""
        if self._handler_runs:
            self._handler_runs = False
            raise ShuttingDown

    def _arm_hard(self, hard: float) -> None:
        # faulthandler's watchdog is a C thread: it needs no GIL, and it writes down where the process hung.
        wanted = time.monotonic() + hard
        if not 0 <= self._hard_at - wanted <= _REARM:
            # Set one window late, so that what is armed never kills before `hard` of a handler that starts later.
            faulthandler.dump_traceback_later(hard + _REARM, exit=True, file=sys.__stderr__ or 2)
            self._hard_at = wanted + _REARM

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if self._handler_runs:
            self._handler_runs = False
            raise SoftTimeout
