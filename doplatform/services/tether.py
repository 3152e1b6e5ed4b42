"""Become another program that ends when its parent does, even by kill -9.

Executed as a file of its own, `python -I -S tether.py PARENT SIGNAL USER PROGRAM ARGUMENT…`, and not as a `preexec_fn`,
so that a parent with threads may start it. USER is a system user to become, or "-". The process id stays the same.

The kernel ties the promise to the *thread* that started this process: start it from a thread that lives on.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program; exits 1 where the parent is gone already."""
    parent, name, user, program = int(arguments[0]), arguments[1], arguments[2], arguments[3:]
    if user != "-":
        _become(user)
    # After the change of user, which would take the promise back.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.Signals[name]), 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)
    os.execv(program[0], program)  # noqa: S606  (the whole purpose; no shell)


def _become(name: str) -> None:
    import pwd  # noqa: PLC0415  (only a root has this way to go)

    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main(sys.argv[1:])
