"""Starts the platform's processes by fork, so that a test pays for importing Django once.

Reads one JSON order per line ({"arguments", "environment", "log"}), forks, and answers with the child's pid. A child
takes its environment's DATABASE_URL, REDIS_URL, knobs and crash point as if it had been started with it, and then runs
the management command, or the client of tests.faults.client. Children die with this process.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from typing import Any


def main() -> None:
    """Serve orders until standard input ends."""
    import django

    django.setup()
    import doplatform.services.maintenance
    import doplatform.services.worker  # noqa: F401  (imported once, for all children)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        print(pid, flush=True)


def _become(order: dict[str, Any]) -> None:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if order.get("pipes"):
            os.dup2(os.open(order["pipes"][0], os.O_RDONLY), 0)
            os.dup2(os.open(order["pipes"][1], os.O_WRONLY), 1)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
        else:
            os.dup2(log, 1)
        os.dup2(log, 2)
        _adopt(order["environment"])
        _run(order["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _adopt(environment: dict[str, str]) -> None:
    """What settings and crash points would have read at their import."""
    os.environ.update(environment)
    from django.conf import settings

    from actions import conf, crashpoints
    from doplatform import env

    database = settings.DATABASES["default"]
    database.update(env.database(environment["DATABASE_URL"]))
    settings.REDIS_URL = environment["REDIS_URL"]
    for queue in settings.RQ_QUEUES.values():
        queue["URL"] = environment["REDIS_URL"]
    settings.DOPLATFORM = {**settings.DOPLATFORM, **json.loads(environment["DO_TEST_KNOBS"])}
    conf._cached = None
    crashpoints._wanted, _, nth = environment.get("DO_CRASH_AT", "").partition(":")
    crashpoints._left = int(nth or 1)


def _run(arguments: list[str]) -> None:
    if arguments[0] == "client":
        from tests.faults import client

        client.serve()
        return
    from django.core.management import call_command

    call_command(*arguments)


if __name__ == "__main__":
    main()
