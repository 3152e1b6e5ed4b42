"""An RQ worker that outlives Redis: whatever Redis or a stranger's entry in it does, the process and its lease stay.

RQ's own worker ends when a command times out, is refused, or when an entry cannot be read.
"""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError
from rq import Queue
from rq.exceptions import DequeueTimeout, StopRequested
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.utils import now
from rq.worker import SimpleWorker

from actions import conf

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE = 1.0
_SAY_AGAIN = 10.0
_told = 0.0

log = structlog.get_logger(__name__)


class WakeUps(Queue):
    """A queue of which no entry can end the worker that reads it."""

    @classmethod
    def dequeue_any(  # type: ignore[override]  # RQ's further arguments are passed on by name
        cls, queues: Sequence[Queue], timeout: int | None, connection: Redis, **kwargs: Any
    ) -> Any:
        """The next entry that can be read. Every failure of Redis is raised as a lost connection, which RQ waits out."""
        while True:
            try:
                return super().dequeue_any(queues, timeout, connection=connection, **kwargs)
            except (DequeueTimeout, StopRequested):
                raise
            except Exception as error:
                unread = getattr(error, "job_id", None)
                if isinstance(error, RedisError) and unread is None:
                    log.warning("redis_away", error=str(error)[:200])
                    raise RedisConnectionError(str(error)) from error
                log.warning("stranger_dropped", job=str(unread)[:100], error=type(error).__name__)
                if unread is not None:
                    unless_redis_is_away(partial(connection.delete, Job.key_for(unread)))


class PatientWorker(SimpleWorker):
    """SimpleWorker that waits for Redis, and whose stop never interrupts a handler by itself."""

    max_connection_wait_time = 2.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Only now: RQ's pool makes its queues of the plain class, and the check of them would refuse those.
        self.queue_class = WakeUps
        self._draining = False

    @property
    def dequeue_timeout(self) -> int:
        """How long one blocking read waits; well below connection_timeout."""
        return max(1, int(self.connection_timeout * 0.6))

    @property
    def connection_timeout(self) -> int:
        """After how long a silent Redis is taken for gone."""
        return max(2, int(conf.get().REDIS_SILENCE))

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Say that this worker is here, as soon as Redis is."""
        while True:
            try:
                super().bootstrap(*args, **kwargs)
                return
            except (RedisError, ValueError) as error:
                # ValueError: half a birth under this name is taken for another worker.
                log.warning("redis_away", error=str(error)[:200])
                self.name = f"{self.name[:32]}-{time.monotonic_ns()}"
                time.sleep(_PAUSE)

    @contextmanager
    def draining(self) -> "Iterator[None]":
        """Meanwhile a stop only sets a flag: an exception out of the signal's handler would look like the handler's own."""
        self._draining = True
        try:
            yield
        finally:
            self._draining = False

    def _shutdown(self) -> None:
        self._stop_requested = True
        if not self._draining:
            raise StopRequested

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """A second signal: a handler that runs is interrupted now, and its attempt given back or put in doubt."""
        asked = self._shutdown_requested_date
        if asked is not None and (now() - asked).total_seconds() < 1:
            return  # the same Ctrl-C, once from the terminal and once from the pool
        self.interrupt(signum, frame)
        self._shutdown()

    def interrupt(self, signum: int, frame: FrameType | None) -> None:
        """End the handler that runs."""

    def check_for_suspension(self, burst: bool) -> None:
        """RQ's own suspension, when Redis can tell."""
        unless_redis_is_away(lambda: super(PatientWorker, self).check_for_suspension(burst))

    def run_maintenance_tasks(self) -> None:
        """A wake-up that a dead worker had popped is worth nothing: RQ would try to fail it, in registries we do not use."""
        for queue in self.queues:
            unless_redis_is_away(partial(self.connection.delete, IntermediateQueue(queue.key, self.connection).key))
        self.last_cleaned_at = now()  # type: ignore[assignment]  # declared by RQ as None alone

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """RQ's own sign of life, when Redis takes it."""
        unless_redis_is_away(lambda: super(PatientWorker, self).heartbeat(*args, **kwargs))

    def set_state(self, *args: Any, **kwargs: Any) -> None:
        """Idle or busy, when Redis takes it."""
        unless_redis_is_away(lambda: super(PatientWorker, self).set_state(*args, **kwargs))

    def register_death(self) -> None:
        """Say goodbye, when Redis takes it."""
        unless_redis_is_away(super().register_death)

    def _set_ip_address(self, connection: Redis) -> None:
        self.ip_address = "unknown"


def until_registered() -> None:
    """Before anything is held, SIGTERM and SIGINT simply end the process; a fork has inherited its pool's handlers."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def unless_redis_is_away(act: Callable[[], Any]) -> None:
    """Do `act`; what Redis does not take is not said to it again, only told in the log."""
    try:
        act()
    except RedisError as error:
        _tell(error)


def _tell(error: RedisError) -> None:
    """Say that Redis is away, but not at every command that it does not take."""
    global _told  # noqa: PLW0603  (when this process last said it)
    moment = time.monotonic()
    if moment - _told > _SAY_AGAIN:
        _told = moment
        log.warning("redis_away", error=str(error)[:200])
