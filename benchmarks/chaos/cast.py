"""Who is on the stage of chaos, started again whenever it dies: pools, maintains, web."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from benchmarks.stage import Stage, children


class Member:
    """One process that is started again whenever it has ended."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self.process = start()

    def look(self) -> None:
        """Start it again where it has ended."""
        if self.process.poll() is not None:
            self.process = self._start()


class Cast:
    """Two pools of two workers, two maintains (one acts), one web; a thread looks after them."""

    def __init__(self, stage: Stage, env: Mapping[str, str]) -> None:
        self._stage = stage
        web = ["-m", "gunicorn", "doplatform.wsgi", "--bind", f"unix:{stage.folder}/web.sock", "--workers", "1"]
        web += ["--log-level", "warning", "--no-control-socket"]
        pool, maintain = ("work", "--processes", "2"), ("maintain",)
        self.pools = [Member(partial(stage.manage, f"pool-{place}", *pool, env=env)) for place in range(2)]
        self.maintains = [Member(partial(stage.manage, f"maintain-{place}", *maintain, env=env)) for place in range(2)]
        self.webs = [Member(partial(stage.start, "web", *web, env=env))]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="cast", daemon=True)
        self._thread.start()

    def workers(self) -> list[int]:
        """Process ids of all worker processes, in order."""
        return sorted(pid for pool in self.pools for pid in children(pool.process.pid))

    def close(self) -> None:
        """End all."""
        self._stop.set()
        self._thread.join()
        everybody = [member.process for member in (*self.pools, *self.maintains, *self.webs)]
        self._stage.stop(everybody)

    def _look_after(self) -> None:
        while not self._stop.wait(0.05):
            for member in (*self.pools, *self.maintains, *self.webs):
                try:
                    member.look()
                except OSError as error:
                    print(f"could not start a process: {error}", file=sys.stderr)


def kill(pid: int, number: int) -> bool:
    """Send a signal to a process that this benchmark started; False when it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def sleep_until(moment: float) -> None:
    """Sleep until time.monotonic() is `moment`."""
    time.sleep(max(0.0, moment - time.monotonic()))
