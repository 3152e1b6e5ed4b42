"""The heartbeat of a worker process: a thread with a connection of its own, which also holds the worker's lock."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import structlog

from actions import conf, values
from actions.engine import workers
from actions.engine.workers import Asked, Registration

log = structlog.get_logger(__name__)


class Heartbeat:
    """Keeps one Worker row alive. `worker` is its id: what is claimed and settled is fenced by it. While the session with
    its lock is lost nothing may be claimed (`ensure`), but what runs may be settled as long as nobody has taken it.

    Each beat hears what operators ask of this worker; `end` is called once when it is asked to stop.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], psycopg.Connection[Any]],
        registration: Registration,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._registration = registration
        self._end = end
        self._taking = threading.Event()
        self._taking.set()
        self._ending = False
        self._known = 0
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.worker = 0
        self.current: UUID | None = None
        self.stopping = False

    def start(self) -> None:
        """Register, then beat in the background. Raises psycopg.OperationalError when PostgreSQL is away."""
        with self._lock:
            self._connection = self._connect()
            self._register(self._connection)
        self._thread.start()

    def stop(self) -> None:
        """Leave in good order."""
        self._stop.set()
        self._thread.join(timeout=2)
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            try:
                workers.leave(connection, worker=self.worker)
                connection.close()
            except psycopg.Error as error:
                log.info("leave_failed", error=str(error))

    @property
    def quiet(self) -> bool:
        """Whether it was asked to take nothing new."""
        return not self._taking.is_set()

    def wait_while_quiet(self, seconds: float) -> bool:
        """Return as soon as it may take again, at the latest after so many seconds; whether it may."""
        return self._taking.wait(seconds)

    def begin(self, execution_id: UUID | None) -> None:
        """Say what is being performed."""
        self.current = execution_id

    def report(self, execution_id: UUID, attempt: int, progress: dict[str, Any] | None) -> bool:
        """Store an attempt's progress at once; True when it was asked to stop. While PostgreSQL is away: go on."""
        text = None if progress is None else values.dumps(progress)
        with self._lock:
            if self._connection is None:
                return False
            try:
                return workers.report(self._connection, id=execution_id, attempt=attempt, progress=text)
            except psycopg.Error:
                return False

    def ensure(self) -> bool:
        """Whether this process may claim now; tries to register again when its lock session was lost."""
        if self.worker and self._connection is not None and not self._connection.closed:
            return True
        with self._lock:
            return self._beat_once()

    def resign(self) -> None:
        """Give up this name and its lock, so that whatever is left running in it is rescued; `ensure` takes another."""
        with self._lock:
            self.worker = 0
            if self._connection is not None:
                self._connection.close()

    def _beat(self) -> None:
        while not self._stop.wait(conf.get().HEARTBEAT):
            with self._lock:
                self._beat_once()

    def _beat_once(self) -> bool:
        try:
            if self._connection is None or self._connection.closed:
                return self._return()
            asked = workers.beat(self._connection, worker=self.worker, current=self.current)
            if asked is not None:
                self._heed(asked)
            else:
                # Declared gone while this process was frozen: what it ran has been rescued, so begin a new life.
                self._connection.close()
                self._connection = self._connect()
                self._register(self._connection)
        except psycopg.Error as error:
            log.warning("heartbeat_lost", error=str(error).strip()[:200])
            if self._connection is not None:
                self._connection.close()
            return False
        return True

    def _heed(self, asked: Asked) -> None:
        """Do what operators ask. It is known within one heartbeat, and costs no statement of its own."""
        if asked.quiet and not self.quiet:
            self._taking.clear()
            log.info("worker_quiet", worker=self.worker)
        elif not asked.quiet and self.quiet:
            self._taking.set()
            log.info("worker_resumed", worker=self.worker)
        if asked.stop and not self._ending:
            self._ending = True
            log.info("worker_stops", worker=self.worker)
            self._end()

    def _return(self) -> bool:
        """A new session, under the name that this process had if it may go on under it: a lost session alone must cost
        no attempt. False while PostgreSQL has not noticed the end of the old session, which holds the lock."""
        self._connection = connection = self._connect()
        if self.worker:
            locked, kept = workers.reattach(connection, worker=self.worker)
            if not locked:
                connection.close()
                return False
            if kept:
                log.info("worker_returned", worker=self.worker)
                return True
        self._register(connection)
        return True

    def _register(self, connection: psycopg.Connection[Any]) -> None:
        self.worker = 0
        self.worker = self._known = workers.register(connection, self._registration, before=self._known)
        log.info("worker_registered", worker=self.worker, queues=self._registration.queues)
