"""The yardstick: plain RQ at its best. SimpleWorker, JSON serializer, WARNING logs, two processes, result_ttl 0.

python -m benchmarks.rival is one such worker, in a process where Django is set up as in ours.
"""

import time
from typing import Any

from django.conf import settings
from redis import Redis
from rq import Queue, SimpleWorker
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from benchmarks import rival_jobs
from benchmarks.stage import Stage, await_true

QUEUE = "rival"
NOOP = "benchmarks.rival_jobs.noop"
ROW = "benchmarks.rival_jobs.row"
CHAIN = "benchmarks.rival_jobs.chain"
GATE = "benchmarks.rival_jobs.gate"
_TTL = 20
"""Seconds that a result is kept where it is waited for: RQ keeps none at all with result_ttl 0."""


class Rival:
    """RQ's side of a comparison."""

    def __init__(self, stage: Stage, processes: int = 2) -> None:
        self.redis = Redis.from_url(settings.REDIS_URL)
        self.queue = Queue(QUEUE, connection=self.redis, serializer=JSONSerializer)
        self.processes = processes
        self._stage = stage
        self._workers = [stage.start(f"rival-{number}", "-m", "benchmarks.rival") for number in range(processes)]
        await_true(lambda: self.redis.scard("rq:workers:rival") == processes, seconds=30, what="RQ's workers")

    def stop(self) -> None:
        """End the workers."""
        self._stage.stop(self._workers)

    def enqueue(self, function: str, number: int) -> Any:
        """One job, its result dropped."""
        return self.queue.enqueue(function, kwargs={"number": number, "text": "hello"}, result_ttl=0)

    def enqueue_many(self, function: str, count: int) -> float:
        """Jobs in batches of 1,000 by RQ's enqueue_many; seconds taken."""
        started = time.perf_counter()
        for first in range(0, count, 1000):
            self.queue.enqueue_many(
                [
                    Queue.prepare_data(function, kwargs={"number": first + place, "text": "hello"}, result_ttl=0)
                    for place in range(min(1000, count - first))
                ]
            )
        return time.perf_counter() - started

    def enqueue_chains(self, count: int, steps: int) -> None:
        """The first jobs of sequences, each of which enqueues the next."""
        self.queue.enqueue_many(
            [
                Queue.prepare_data(CHAIN, kwargs={"number": number, "text": "hello", "left": steps - 1}, result_ttl=0)
                for number in range(count)
            ]
        )

    def fan(self, width: int) -> float:
        """One job, `width` that depend on it, one that depends on those; seconds from the first enqueue to the last end."""
        started = time.perf_counter()
        first = self._depending(0, [])
        many = [self._depending(number, [first]) for number in range(width)]
        last = self._depending(width, many)
        if last.latest_result(timeout=60) is None:
            raise TimeoutError("RQ did not end the fan in 60 s")
        taken = time.perf_counter() - started
        # Jobs with dependents that end at the same moment are left in RQ's list of started ones.
        time.sleep(0.05)
        self.redis.delete(StartedJobRegistry(queue=self.queue).key)
        return taken

    def _depending(self, number: int, before: list[Any]) -> Any:
        return self.queue.enqueue(
            NOOP, kwargs={"number": number, "text": "hello"}, result_ttl=_TTL, depends_on=before or None
        )

    def hold(self) -> None:
        """Let both workers stand before the gate: warm, running, and taking nothing."""
        self.redis.delete(rival_jobs.GATE)
        for _ in range(self.processes):
            self.queue.enqueue(GATE, result_ttl=0, job_timeout=600)
        await_true(lambda: self.queue.count == 0 and self._started() == self.processes, seconds=10, what="RQ's gate")

    def drain(self) -> float:
        """Open the gate; seconds until all is done. Raises RuntimeError when a job failed."""
        started = time.perf_counter()
        self.redis.rpush(rival_jobs.GATE, *("open" for _ in range(self.processes)))
        self.await_end()
        return time.perf_counter() - started

    def await_end(self) -> None:
        """Return when nothing is queued or started. Raises RuntimeError when a job failed."""
        while self.queue.count or self._started() or self.redis.llen(self.queue.intermediate_queue_key):
            time.sleep(0.02)
        if self.queue.failed_job_registry.count:
            logs = "".join(self._stage.said(f"rival-{number}")[-2000:] for number in range(self.processes))
            raise RuntimeError(f"jobs of RQ's failed: {logs}")

    def once(self, number: int) -> float:
        """Seconds from enqueue to the result, waited for by RQ's own blocking read of the result stream."""
        started = time.perf_counter()
        job = self.queue.enqueue(NOOP, kwargs={"number": number, "text": "hello"}, result_ttl=_TTL)
        if job.latest_result(timeout=10) is None:
            raise TimeoutError("RQ gave no result in 10 s")
        return time.perf_counter() - started

    def _started(self) -> int:
        return self.redis.zcard(StartedJobRegistry(queue=self.queue).key)


def serve() -> None:
    """One worker, until SIGTERM."""
    import django

    django.setup()
    connection = Redis.from_url(settings.REDIS_URL)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")


if __name__ == "__main__":
    serve()
