"""Our side of a comparison: the pool as `manage.py work` starts it, and maintain beside it."""

import subprocess
import time
from typing import Any

from django.conf import settings
from django.db import connection
from redis import Redis

from actions.queries.sealing import sealing
from benchmarks.app import actions
from benchmarks.stage import Stage, await_true, children

_LEFT = "SELECT EXISTS (SELECT FROM actions_execution WHERE status IN ('queued', 'running', 'retrying'))"
_ENDED_OTHERWISE = "SELECT count(*) FROM actions_execution WHERE status <> 'succeeded'"
_RUNNING = "SELECT count(*) FROM actions_execution WHERE status = 'running'"
_LIVE = "SELECT count(*) FROM actions_worker WHERE gone_at IS NULL"

_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
_VACUUMS = "SELECT count(*) FROM pg_stat_progress_vacuum"


class Ours:
    """Processes of ours, and the ways to load them."""

    def __init__(self, stage: Stage, processes: int = 2) -> None:
        self.stage = stage
        self.processes = processes
        self._redis = Redis.from_url(settings.REDIS_URL)
        self.pool = stage.manage("work", "work", "--processes", str(processes))
        self.maintain = stage.manage("maintain", "maintain")
        await_true(lambda: _one(_LIVE) == processes, seconds=30, what="our workers")

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return children(self.pool.pid)

    def stop(self) -> None:
        """End them."""
        processes: list[subprocess.Popen[bytes]] = [self.pool, self.maintain]
        self.stage.stop(processes)

    def pause(self) -> None:
        """Nothing in the queue starts."""
        from actions.definitions.actor import CODE
        from actions.engine.operate import pause

        pause.pause_queue("default", actor=CODE, reason="benchmark")

    def resume(self) -> None:
        """The queue goes on."""
        from actions.definitions.actor import CODE
        from actions.engine.operate import pause

        pause.resume_queue("default", actor=CODE, reason="benchmark")

    def hold(self) -> None:
        """Keep every worker busy."""
        for _ in range(self.processes):
            actions.hold.invoke()
        await_true(lambda: _one(_RUNNING) == self.processes, seconds=10, what="all workers busy")

    def release(self) -> None:
        """The opposite of hold."""
        self._redis.rpush("bench:release", *("go" for _ in range(self.processes)))

    def load(self, action: Any, count: int) -> float:
        """Accept `count` executions in batches of 1,000; seconds taken."""
        started = time.perf_counter()
        for first in range(0, count, 1000):
            action.invoke_many(
                [{"number": first + place, "text": "hello"} for place in range(min(1000, count - first))]
            )
        taken = time.perf_counter() - started
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE actions_execution")
        return taken

    def drain(self) -> float:
        """Resume the queue; seconds until all has ended. Raises RuntimeError when anything did not succeed."""
        started = time.perf_counter()
        self.resume()
        self.await_end()
        taken = time.perf_counter() - started
        if _one(_ENDED_OTHERWISE):
            raise RuntimeError(f"{_one(_ENDED_OTHERWISE)} executions did not succeed")
        return taken

    @staticmethod
    def commits() -> int:
        """Transactions that the database has committed since it began, whoever asked."""
        with connection.cursor() as cursor:
            # What a session counts is told once a second; a backend's own is told when it is asked for.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            time.sleep(1.5)
        return int(_one(_COMMITS))

    @staticmethod
    def await_end() -> None:
        """Return when nothing is due or running."""
        while _one(_LEFT):
            time.sleep(0.02)

    @staticmethod
    def await_rest(seconds: float = 60.0) -> None:
        """Return when what the load left behind is done too: entries sealed, tables vacuumed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and (sealing().lag > 0 or _one(_VACUUMS)):
            time.sleep(0.2)

    @staticmethod
    def once(action: Any, number: int) -> float:
        """Seconds from invoke to the result."""
        started = time.perf_counter()
        action.invoke(number=number, text="hello").result(timeout=10)
        return time.perf_counter() - started


def _one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
