"""Who strikes: kills by a seeded choice, and now and then a pause longer than the lease or a FLUSHALL."""

import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
from redis import Redis, RedisError

from benchmarks.chaos.cast import Cast, kill, sleep_until
from benchmarks.stage import Stage, children

KINDS = {"worker": 60, "pool": 25, "maintain": 5, "web": 5, "backend": 5}
"""What is killed, and how often of a hundred."""
_FLUSH_EVERY = 10
_PAUSE_EVERY = 12
_BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault that was injected."""

    kind: str
    at: float
    """Seconds since the epoch, just before the signal."""
    pid: int
    workers: list[int] = field(default_factory=list)
    """Worker processes that died or stood still by it."""


class Nemesis:
    """Strikes `kills` times, `every` seconds apart."""

    def __init__(self, stage: Stage, cast: Cast, *, seed: int, kills: int, every: float, lease: float) -> None:
        self._stage = stage
        self._cast = cast
        self._chance = random.Random(seed)
        self._kills = kills
        self._every = every
        self._lease = lease
        self._timers: list[threading.Timer] = []
        self.strikes: list[Strike] = []

    def strike(self) -> Iterator[int]:
        """All of it; yields after each kill how many there were."""
        begun = time.monotonic()
        for number in range(1, self._kills + 1):
            sleep_until(begun + number * self._every * self._chance.uniform(0.999, 1.001))
            kind = self._chance.choices(list(KINDS), list(KINDS.values()))[0]
            place = self._chance.random()
            while not self._kill(kind, place):
                time.sleep(0.05)
            if number % _FLUSH_EVERY == 0:
                self._flush()
            if number % _PAUSE_EVERY == 0:
                self._pause(self._chance.random(), self._lease * self._chance.uniform(1.2, 2.0))
            yield number

    def calm(self) -> None:
        """Wait for the end of all pauses."""
        for timer in self._timers:
            timer.join()

    def _kill(self, kind: str, place: float) -> bool:
        """One kill -9; False when there is nobody of that kind just now."""
        members: dict[str, Callable[[], list[int]]] = {
            "worker": self._cast.workers,
            "pool": lambda: [pool.process.pid for pool in self._cast.pools],
            "maintain": lambda: [maintain.process.pid for maintain in self._cast.maintains],
            "web": lambda: [pid for web in self._cast.webs for pid in (web.process.pid, *children(web.process.pid))],
            "backend": self._backends,
        }
        there = members[kind]()
        if not there:
            return False
        pid = there[int(place * len(there))]
        dying = [pid] if kind == "worker" else children(pid) if kind == "pool" else []
        at = time.time()
        if not kill(pid, signal.SIGKILL):
            return False
        self.strikes.append(Strike(kind, at, pid, dying))
        return True

    def _backends(self) -> list[int]:
        try:
            with psycopg.connect(self._stage.servers.database_url, connect_timeout=2) as session:
                return [row[0] for row in session.execute(_BACKENDS)]
        except psycopg.Error:
            return []

    def _flush(self) -> None:
        try:
            with Redis.from_url(self._stage.servers.redis_url) as redis:
                redis.flushall()
            self.strikes.append(Strike("flush", time.time(), 0))
        except RedisError as error:
            print(f"FLUSHALL did not reach Redis: {error}", file=sys.stderr)

    def _pause(self, place: float, seconds: float) -> None:
        workers = self._cast.workers()
        if not workers:
            return
        pid = workers[int(place * len(workers))]
        at = time.time()
        if kill(pid, signal.SIGSTOP):
            self.strikes.append(Strike("pause", at, pid, [pid]))
            timer = threading.Timer(seconds, kill, (pid, signal.SIGCONT))
            timer.start()
            self._timers.append(timer)
