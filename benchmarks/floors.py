"""The floors: what the machine's PostgreSQL, Redis and disk give at most, so that the distance to the limit shows."""

import os
import statistics
import threading
import time
from pathlib import Path

import psycopg
from redis import Redis

from benchmarks.stage import Stage

_SECONDS = 2.0
_TABLE = "CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, text text)"
_INSERT = "INSERT INTO bench_floor (text) VALUES ('hello')"


def commits(stage: Stage, connections: int) -> float:
    """Commits per second of one-row inserts, each its own transaction, over so many connections."""
    counts = [0] * connections
    with psycopg.connect(stage.servers.database_url, autocommit=True) as session:
        session.execute(_TABLE)
    until = time.perf_counter() + _SECONDS

    def insert(place: int) -> None:
        with psycopg.connect(stage.servers.database_url, autocommit=True) as session:
            while time.perf_counter() < until:
                session.execute(_INSERT)
                counts[place] += 1

    threads = [threading.Thread(target=insert, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / _SECONDS


def round_trips(stage: Stage) -> float:
    """Redis commands per second, one after the other over one connection."""
    redis = Redis.from_url(stage.servers.redis_url)
    count, until = 0, time.perf_counter() + _SECONDS / 2
    while time.perf_counter() < until:
        redis.llen("nothing")
        count += 1
    return count / (_SECONDS / 2)


def sync_latency(folder: Path) -> float:
    """Seconds of one fdatasync after a write of 8 KiB, median of 200."""
    file = os.open(folder / "fdatasync", os.O_CREAT | os.O_WRONLY, 0o600)
    times = []
    try:
        os.pwrite(file, b"x" * 2**20, 0)
        os.fdatasync(file)
        for place in range(200):
            os.pwrite(file, os.urandom(8192), (place % 100) * 8192)
            started = time.perf_counter()
            os.fdatasync(file)
            times.append(time.perf_counter() - started)
    finally:
        os.close(file)
    return statistics.median(times)
