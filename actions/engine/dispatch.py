"""Wake-ups: the only engine file that knows RQ. A wake-up names a queue, never an execution.

Nothing here may fail a request: when Redis is away the row stays queued and maintain wakes the queue later.
"""

import atexit
import json
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import redis
import structlog
from django.conf import settings as django_settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from actions import conf
from actions.crashpoints import crash_point

DRAIN = "doplatform.services.worker.drain"
"""The one function that a wake-up may name."""
_BREATH = 0.003
"""Seconds between two rounds of wake-ups that one process sends in a burst."""
_LONG_BREATH = 0.015
"""The same while no worker takes those that are pending. Each round keeps a busy process from its own work for 150 µs."""
_WAKE_UP_LIFE = 600
"""Seconds until an unread wake-up vanishes from Redis: maintain has woken its queue long before."""

# Look and push in one round trip, so that two senders cannot both see room for the last wake-up. The workers counted are
# those that registered with RQ: one that was killed counts until RQ cleans up, which costs an idle wake-up and no more.
_PUSH = """
if redis.call('llen', KEYS[1]) >= math.max(1, redis.call('scard', KEYS[4])) then return 0 end
redis.call('hset', KEYS[2], unpack(ARGV, 3))
redis.call('expire', KEYS[2], ARGV[1])
redis.call('sadd', KEYS[3], KEYS[1])
redis.call('rpush', KEYS[1], ARGV[2])
return 1
"""
_MOST_ENTRIES = 1_000
"""How many entries of a queue are looked at; there should be one per worker."""
_LARGEST_WAKE_UP = 4_096
"""Bytes."""
_ENDINGS = "doplatform:endings"
"""The channel on which ended executions are told to those who wait for them."""

log = structlog.get_logger(__name__)
_connections: dict[tuple[str, float], redis.Redis] = {}
_senders: dict[str, "_Sender"] = {}
_silent_until = 0.0
_HEARD_FOR = 2.0
"""Seconds for which what Redis last said about itself is believed."""
_heard: tuple[float, bool] = (-_HEARD_FOR, True)


def wake(*queues: str) -> bool:
    """Tell workers that these queues have due executions; True when every queue has enough wake-ups now.

    A queue gets one only while fewer are pending than it has live workers: a drain that has started looks at the table
    again before it ends, so one pending wake-up per worker loses nothing. Never raises for Redis; after a failure Redis
    is left alone for a moment, so that a request pays the time limit at most once.
    """
    global _silent_until  # noqa: PLW0603
    if time.monotonic() < _silent_until:
        return False
    try:
        pushed = [_wake(name) for name in queues]
        _waker.breath = _BREATH if any(pushed) else _LONG_BREATH
    except redis.RedisError as error:
        _silent_until = time.monotonic() + 1.0
        log.warning("wake_failed", queues=list(queues), error=str(error))
        return False
    return True


def answers() -> bool:
    """Whether Redis answers, as of a moment ago: for pages, which must not wait for it one by one. Never raises for it."""
    global _heard  # noqa: PLW0603
    now = time.monotonic()
    if now < _silent_until:
        return False
    if now - _heard[0] > _HEARD_FOR:
        try:
            said = bool(_connection("default").ping())
        except redis.RedisError:
            said = False
        _heard = (time.monotonic(), said)
    return _heard[1]


def wake_soon(*queues: str) -> None:
    """`wake` for requests: at once for the first, in the background for what follows within a breath.

    A burst is told once per breath, not once per execution, and less often while all its workers are busy. A process that
    dies before a wake-up is sent loses nothing: maintain finds the rows.
    """
    if time.monotonic() - _waker.sent < _waker.breath or not _waker.idle:
        _waker.add(queues)
    else:
        wake(*queues)
        _waker.sent = time.monotonic()


def publish(endings: str) -> None:
    """Tell every process that listens. Never raises for Redis, and leaves it alone for a moment after a failure, as `wake`
    does: whoever waits looks at the table as well."""
    global _silent_until  # noqa: PLW0603
    if time.monotonic() < _silent_until:
        return
    try:
        _connection("default").publish(_ENDINGS, endings)
    except redis.RedisError as error:
        _silent_until = time.monotonic() + 1.0
        log.warning("wake_failed", queues=[], error=str(error))


def listen() -> "Ears | None":
    """A subscription to what is published; None while Redis is away."""
    try:
        return Ears(_connection("default"))
    except redis.RedisError:
        return None


class Ears:
    """One subscription, on a connection of its own."""

    def __init__(self, connection: redis.Redis) -> None:
        self._pubsub = connection.pubsub(ignore_subscribe_messages=True)
        try:
            self._pubsub.subscribe(_ENDINGS)
            # The first answer says that the subscription stands: from here on nothing is missed.
            if self._pubsub.parse_response(block=False, timeout=conf.get().REDIS_TIMEOUT) is None:
                raise redis.TimeoutError("Redis does not answer")
        except redis.RedisError:
            self._pubsub.close()
            raise

    def hear(self, seconds: float) -> str | None:
        """What was published, at the latest after so many seconds (then empty); None when Redis has gone."""
        try:
            told = self._pubsub.get_message(timeout=seconds)
        except (redis.RedisError, OSError, ValueError):
            # ValueError: redis-py reads on from a connection that it has just closed.
            return None
        return told["data"].decode("ascii", "replace") if told else ""

    def close(self) -> None:
        """Let the connection go."""
        self._pubsub.close()


def flush(timeout: float = 1.0) -> None:
    """Wait until every wake-up asked for so far was sent or given up, at most `timeout` seconds."""
    _waker.flush(timeout)


class _Waker:
    """A thread that sends the wake-ups of a burst, begun at the first one; `sent` is when this process last told any."""

    def __init__(self) -> None:
        self.sent = 0.0
        self.breath = _BREATH
        self.idle = True
        self._asked: set[str] = set()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, queues: Iterable[str]) -> None:
        with self._change:
            self._asked.update(queues)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="waker", daemon=True)
                self._thread.start()
                atexit.register(self.flush, 1.0)
            if self.idle:
                self.idle = False
                self._change.notify_all()

    def flush(self, timeout: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self.idle, timeout)

    def _serve(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._asked)
            time.sleep(max(0.0, self.sent + self.breath - time.monotonic()))
            with self._change:
                queues, self._asked = tuple(self._asked), set()
            try:
                wake(*queues)
            except Exception as error:  # noqa: BLE001  (without this thread the process would wake nobody any more)
                log.warning("wake_failed", queues=list(queues), error=f"{type(error).__name__}: {error}"[:500])
            self.sent = time.monotonic()
            with self._change:
                if not self._asked:
                    self.idle = True
                    self._change.notify_all()


_waker = _Waker()


def reset() -> None:
    """Forget connections and failures (after a fork, and in tests)."""
    global _silent_until, _waker, _heard  # noqa: PLW0603
    _waker = _Waker()
    _connections.clear()
    _senders.clear()
    _silent_until = 0.0
    _heard = (-_HEARD_FOR, True)


@dataclass(frozen=True, slots=True)
class Broker:
    """Redis, as it stands. Where `fault` says why it could not be asked, the rest means nothing."""

    fault: str = ""
    version: str = ""
    policy: str = ""
    """maxmemory-policy: anything but noeviction may drop wake-ups."""
    most_memory: int = 0
    """Bytes; 0 = no limit."""
    used_memory: int = 0
    """Bytes."""
    appends: bool = False
    """Whether it keeps an append-only file."""
    strangers: dict[str, int] = field(default_factory=dict)
    """Queue → entries that are no wake-ups, where there are any."""


def inspect(queues: Sequence[str]) -> Broker:
    """Ask Redis about itself and about what stands in these queues. Never raises for Redis."""
    try:
        told: dict[str, Any] = _connection("default").info("everything")
        counted = {name: _count_strangers(name) for name in queues}
    except redis.RedisError as error:
        return Broker(fault=f"Redis does not answer: {error}")
    return Broker(
        version=str(told.get("redis_version", "?")),
        policy=str(told.get("maxmemory_policy", "unknown")),
        most_memory=int(told.get("maxmemory", 0)),
        used_memory=int(told.get("used_memory", 0)),
        appends=bool(told.get("aof_enabled", 0)),
        strangers={name: count for name, count in counted.items() if count},
    )


def is_wake_up(packed: Any, queue: str) -> bool:
    """Whether what RQ stored for an entry is a wake-up of that queue. Reads JSON of limited size, never pickle."""
    if not isinstance(packed, bytes):
        return False
    try:
        text = zlib.decompressobj().decompress(packed, _LARGEST_WAKE_UP)
    except zlib.error:
        text = packed[:_LARGEST_WAKE_UP]
    try:
        function, _, args, kwargs = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return False
    return bool(function == DRAIN and not args and kwargs == {"queue": queue})


def _count_strangers(name: str) -> int:
    connection = _connection(name)
    entries: Any = connection.lrange(Queue(name, connection=connection).key, 0, _MOST_ENTRIES - 1)
    with connection.pipeline(transaction=False) as pipeline:
        for entry in entries:
            pipeline.hget(Job.key_for(entry.decode("utf-8", "replace")), "data")
        packed = pipeline.execute()
    # Nothing stored: a worker has taken it meanwhile.
    return sum(1 for one in packed if one is not None and not is_wake_up(one, name))


def _wake(name: str) -> bool:
    connection = _connection(name)
    crash_point("dispatch.enqueue")
    sender = _senders.get(name)
    if sender is None:
        sender = _senders[name] = _Sender(name, connection)
    pushed = sender.push(connection)
    crash_point("dispatch.pushed")
    return pushed


class _Sender:
    """What every wake-up of one queue has in common, made once by RQ itself."""

    def __init__(self, name: str, connection: redis.Redis) -> None:
        queue = Queue(name, connection=connection, serializer=JSONSerializer)
        job = queue.create_job(DRAIN, kwargs={"queue": name}, timeout=-1, result_ttl=0, failure_ttl=0)
        job.set_status(JobStatus.QUEUED, pipeline=connection.pipeline())
        self._key = queue.key
        self._queues_key = queue.redis_queues_keys
        self._workers_key = WORKERS_BY_QUEUE_KEY % name
        # What is empty need not be sent: RQ reads a missing field as an empty one.
        self._fields = [part for pair in job.to_dict(include_meta=False).items() if pair[1] != "" for part in pair]
        self._fields += ["status", JobStatus.QUEUED.value]
        self._push = connection.register_script(_PUSH)

    def push(self, connection: redis.Redis) -> bool:
        """One more wake-up, unless every worker has one pending; whether there was room for it."""
        job_id = str(uuid4())
        return bool(
            self._push(
                keys=[self._key, Job.key_for(job_id), self._queues_key, self._workers_key],
                args=[_WAKE_UP_LIFE, job_id, *self._fields],
                client=connection,
            )
        )


def _connection(name: str) -> redis.Redis:
    url = django_settings.RQ_QUEUES.get(name, {}).get("URL", django_settings.REDIS_URL)
    limit = conf.get().REDIS_TIMEOUT
    connection = _connections.get((url, limit))
    if connection is None:
        connection = redis.Redis.from_url(
            url,
            # Connecting and one round trip stay below the limit together. A connection that Redis has closed meanwhile
            # is worth a second try, silence is not; and a greeting would be a round trip more.
            socket_timeout=0.6 * limit,
            socket_connect_timeout=0.4 * limit,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            protocol=2,
            driver_info=None,
        )
        _connections[url, limit] = connection
    return connection
