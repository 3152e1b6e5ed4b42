"""The RQ worker of doplatform: wake-ups only, JSON only, one heartbeat row and one advisory lock per process.

RQ brings the pool, the blocking pop and its commands. A wake-up is consumed the moment it is read: losing one loses
nothing, because maintain looks at the table, not at Redis.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import wait
from types import FrameType
from typing import Any, ClassVar

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connections
from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue
from rq.job import Job
from rq.logutils import setup_loghandlers
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerData, WorkerPool
from rq.worker_registration import register

from actions import conf
from actions.definitions.registry import registry
from actions.engine import dispatch, durability
from actions.engine.deadline import Deadline
from actions.engine.drain import Drain
from actions.engine.heartbeat import Heartbeat
from actions.engine.perform import hard_timeout
from actions.engine.sync import sync
from actions.engine.workers import Registration
from actions.errors import UnsafeDatabase
from doplatform.services.patient import PatientWorker, unless_redis_is_away, until_registered

_DATABASE_AWAY = (OperationalError, InterfaceError)
_RQ_HEARTBEAT = 5.0
_QUIET_LOOK = 1.0
"""Seconds between two signs of life of a quiet worker towards RQ; it is woken the moment it may take again."""
_LOOK_EVERY = 1.0
"""Seconds between two looks of a pool whether its workers live."""
_PARENT_DEATH = 1
"""prctl's PR_SET_PDEATHSIG."""

log = structlog.get_logger(__name__)


class WakeUp(Job):
    """RQ's job as we use it: an entry in the list of the queue to drain. What it holds is never called."""

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: Any = None) -> "WakeUp":  # noqa: A002  (RQ's)
        """The entry, unread: its list says which queue to drain, and a drain too many costs one look at the table. Whether
        it is a wake-up at all is seen when it is consumed, for whoever waits does not wait for that."""
        return cls(id, connection=connection, serializer=serializer)


class Worker(PatientWorker):
    """One process that answers wake-ups by draining."""

    job_class = WakeUp
    pool: ClassVar[int | None] = None
    """Process id of the pool that forks workers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer
        kwargs["job_class"] = WakeUp
        super().__init__(*args, **kwargs)
        self._dropped: set[str] = set()
        self._deadline: Deadline | None = None
        self._beaten = 0.0

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Serve until stopped. No scheduler of RQ's, whatever the caller wants: due times live in PostgreSQL."""
        kwargs["with_scheduler"] = False
        until_registered()
        prepare_process(self.pool)
        deadline = self._deadline = Deadline(kill=True)
        heartbeat = self.heartbeat_row = Heartbeat(
            connect=connect,
            registration=Registration(
                self.name, socket.gethostname(), os.getpid(), [queue.name for queue in self.queues]
            ),
            # An operator's stop is a SIGTERM, in every respect.
            end=lambda: os.kill(os.getpid(), signal.SIGTERM),
        )
        start_patiently(heartbeat)
        self._install_signal_handlers()
        self._drain = Drain(heartbeat=heartbeat, deadline=deadline)
        try:
            return bool(super().work(*args, **kwargs))
        finally:
            heartbeat.stop()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Drain the queue, consume the wake-up, and wake again if rows are left when the time is up."""
        again = False
        try:
            with self.draining():
                again = self._drain.run(queue.name)
        finally:
            self._consume(job, queue)
        if again:
            dispatch.wake(queue.name)

    def check_for_suspension(self, burst: bool) -> None:
        """RQ's own suspension, and ours: a quiet worker reads no wake-up, so that those who take find it."""
        super().check_for_suspension(burst)
        while not self._stop_requested and not self.heartbeat_row.wait_while_quiet(_QUIET_LOOK):
            self.heartbeat()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's own sign of life: its key lives for minutes, so not at every step of every wake-up."""
        now = time.monotonic()
        if pipeline is None and now - self._beaten < _RQ_HEARTBEAT:
            return
        self._beaten = now
        super().heartbeat(timeout, pipeline)
        # Again and again, because a flushed Redis has forgotten who serves which queue.
        unless_redis_is_away(self._say_what_it_serves)

    def _say_what_it_serves(self) -> None:
        with self.connection.pipeline() as pipeline:
            register(self, pipeline)
            pipeline.execute()

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Tell Redis only what is new."""
        if state != self._state:
            super().set_state(state, pipeline)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: take nothing new; after the grace time interrupt the handler and give its attempt back."""
        self.heartbeat_row.stopping = True
        timer = threading.Timer(conf.get().SHUTDOWN_GRACE, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.daemon = True
        timer.start()
        super().request_stop(signum, frame)

    def interrupt(self, signum: int, frame: FrameType | None) -> None:
        """End the handler that runs: the process must stop."""
        if self._deadline is not None:
            self._deadline.interrupt(signum, frame)

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()
        signal.signal(signal.SIGUSR1, self.interrupt)

    def _consume(self, job: Job, queue: Queue) -> None:
        try:
            with self.connection.pipeline() as pipeline:
                pipeline.hget(job.key, "data")
                pipeline.delete(job.key)
                pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
                held, existed, _ = pipeline.execute(raise_on_error=False)
        except RedisError as error:
            # It was popped; what is left of it is swept out later, and names nothing but a queue.
            log.warning("redis_away", error=str(error)[:200])
            return
        # What Redis refused is an exception in the place of its answer.
        if existed == 1 and not dispatch.is_wake_up(held, queue.name):
            self._drop(job)

    def _drop(self, job: Job) -> None:
        if job.id not in self._dropped:
            self._dropped.add(job.id)
            log.warning("stranger_dropped", job=job.id[:100])


class Pool(WorkerPool):
    """RQ's pool with our worker. A worker dies with the pool, so that nothing runs that nobody restarts."""

    def __init__(self, queues: list[str], connection: Redis, count: int) -> None:
        super().__init__(
            queues, connection, num_workers=count, worker_class=Worker, serializer=JSONSerializer, job_class=WakeUp
        )

    def start_worker(self, *args: Any, **kwargs: Any) -> None:
        """Fork with no database connection open: each process opens its own."""
        connections.close_all()
        Worker.pool = os.getpid()
        # RQ forgets the level when it starts a worker in the place of a dead one.
        kwargs["logging_level"] = "WARNING"
        super().start_worker(*args, **kwargs)

    def start(self, burst: bool = False, logging_level: str = "WARNING") -> None:
        """RQ's loop without its second of sleep: idle workers would wait for it, twice, before their pool has stopped."""
        self._burst = burst
        self._bell, self._button = socket.socketpair()
        setup_loghandlers(logging_level, name=self.log.name)
        self.status = self.Status.STARTED
        self.start_workers(burst=burst, logging_level=logging_level)
        self._install_signal_handlers()
        while self.status == self.Status.STARTED:
            self.check_workers(respawn=not burst)
            if burst and not self.worker_dict:
                return
            # Not for their ends: one that dies as soon as it starts is replaced once a second, not at once.
            wait([self._bell], _LOOK_EVERY)
        while not self.all_workers_have_stopped():
            wait([worker.process.sentinel for worker in self.worker_dict.values()], _LOOK_EVERY)

    def request_stop(self, signum: int | None = None, frame: FrameType | None = None) -> None:
        """SIGTERM or SIGINT: tell the workers, and look after nothing else from now on."""
        super().request_stop(signum, frame)
        self._button.send(b"!")

    def handle_dead_worker(self, worker_data: WorkerData) -> None:
        """Say that it ended, unless it was told to."""
        if self.status == self.Status.STARTED:
            if worker_data.process.exitcode == 0:
                log.info("worker_replaced", pid=worker_data.pid)
            else:
                log.warning("worker_ended", pid=worker_data.pid)
        super().handle_dead_worker(worker_data)


def prepare_process(parent: int | None = None) -> None:
    """What a worker process needs before its first connection: its own PostgreSQL settings, and an end with its parent."""
    die_with_parent(os.getppid() if parent is None else parent)
    connections.close_all()
    dispatch.reset()
    longest = max((hard_timeout(action) for action in registry), default=60.0)
    options: dict[str, Any] = dict(connections["default"].settings_dict.get("OPTIONS", {}))
    # Times in milliseconds. A client that is stopped, or whose machine is gone, must not hold locks for ever.
    limits = {
        "idle_in_transaction_session_timeout": int((longest + 30) * 1000),
        "statement_timeout": int((longest + 30) * 1000),
        "lock_timeout": 5000,
        "client_connection_check_interval": 1000,
    }
    ours = " ".join(f"-c {name}={value}" for name, value in limits.items())
    options["options"] = f"{options.get('options', '')} {ours}".strip()
    options |= {"keepalives_idle": 10, "tcp_user_timeout": 15_000, "application_name": "doplatform worker"}
    connections["default"].settings_dict["OPTIONS"] = options


def connect() -> psycopg.Connection[Any]:
    """A connection apart from Django's, for the heartbeat and its lock. Losing a beat in a crash is no loss."""
    params = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold", "options"):
        params.pop(name, None)
    return psycopg.connect(
        **params, autocommit=True, connect_timeout=5, options="-c synchronous_commit=off -c statement_timeout=5000"
    )


def start_patiently(heartbeat: Heartbeat) -> None:
    """Register and sync the catalogue as soon as PostgreSQL is there."""
    pause = 0.2
    while True:
        try:
            durability.require()
            sync()
            heartbeat.start()
            return
        except (UnsafeDatabase, psycopg.OperationalError, *_DATABASE_AWAY) as error:
            log.warning("database_away", error=str(error).strip()[:200])
            connections.close_all()
            time.sleep(pause)
            pause = min(2 * pause, 2.0)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux), so that no orphan goes on unwatched.

    `parent` is what the parent said of itself before the fork: it may be dead by now, and then this process ends too.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def drain(queue: str) -> None:
    """What a wake-up names. Never called through RQ: Worker.execute_job drains the queue in whose list it stood."""
    raise NotImplementedError(queue)
