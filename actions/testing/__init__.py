"""For users' own tests: perform what is due in this process, without Redis and without worker processes.

with inline_worker() as worker:
    handle = send_email.invoke(user_id=1)
    worker.work()
    assert handle.status == "succeeded"
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from actions.engine import ledger, workers
from actions.engine.claim import Claimer, Pace
from actions.engine.deadline import Deadline
from actions.engine.ledger import Claim
from actions.engine.perform import Performer
from actions.engine.settle import Settler
from actions.engine.statements import raw
from actions.engine.sync import sync
from actions.engine.workers import Registration


class InlineWorker:
    """A worker in this process. Needs the main thread, for soft timeouts; hard ones are off."""

    def __init__(self, queues: list[str]) -> None:
        self.queues = queues
        self.stopping = False
        self.cancelled: set[UUID] = set()
        self.worker = workers.register(raw(), Registration("inline", "localhost", os.getpid(), queues))
        pace = Pace()
        self.claimer = Claimer(pace)
        self.settler = Settler(performer=Performer(desk=self, pace=pace, deadline=Deadline(kill=False)), lease=self)

    def begin(self, execution_id: UUID | None) -> None:
        """Nobody watches."""

    def report(self, execution_id: UUID, attempt: int, progress: dict[str, Any] | None) -> bool:
        """Whether the execution was asked to stop."""
        return workers.report(raw(), id=execution_id, attempt=attempt, progress=None)

    def claim(self, queue: str = "default") -> list[Claim]:
        """Take due executions without performing them."""
        return self.claimer.claim(queue, worker=self.worker)

    def work(self, queue: str = "default", *, seconds: float = 10.0, waiting: bool = False) -> int:
        """Perform what is due until nothing is; returns how many attempts that were.

        `waiting` makes retries and schedules due at once instead of waiting for their time.
        """
        until = time.monotonic() + seconds
        done = 0
        while time.monotonic() < until:
            if waiting:
                ledger.make_due(queue)
            claims = self.claim(queue)
            if not claims:
                break
            self.settler.work(claims)
            done += len(claims)
        return done

    def leave(self) -> None:
        """The end of this worker."""
        workers.leave(raw(), worker=self.worker)


@contextmanager
def inline_worker(*queues: str) -> Iterator[InlineWorker]:
    """A worker for the length of a test; the catalogue is synced first."""
    sync()
    worker = InlineWorker(list(queues) or ["default"])
    try:
        yield worker
    finally:
        worker.leave()
