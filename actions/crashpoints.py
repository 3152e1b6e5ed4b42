"""Named places where a fault test may kill the process. In production each is one look at an empty name.

The variable DO_CRASH_AT holds `name` or `name:N` (the N-th passing, from 1); the process then kills itself with
SIGKILL exactly there, as a power cut would.
"""

import os
import signal

_wanted, _, _nth = os.environ.get("DO_CRASH_AT", "").partition(":")
_left = int(_nth or 1)


def crash_point(name: str) -> None:
    """Die here if DO_CRASH_AT says so."""
    global _left  # noqa: PLW0603  (a countdown of the process)
    if _wanted and name == _wanted:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
