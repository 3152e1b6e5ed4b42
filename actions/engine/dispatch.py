"""Wake-ups: the only engine file that knows RQ. A wake-up names a queue, never an execution.

Nothing here may fail a request: when Redis is away the row stays queued and maintain wakes the queue later.
"""

import time
from uuid import uuid4

import psycopg
import redis
import structlog
from django.conf import settings as django_settings
from django.db import DatabaseError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from actions import conf
from actions.crashpoints import crash_point
from actions.engine.workers import count_live

DRAIN = "doplatform.services.worker.drain"
"""The one function that a wake-up may name."""
_COUNT_AGE = 2.0
_WAKE_UP_LIFE = 600
"""Seconds until an unread wake-up vanishes from Redis: maintain has woken its queue long before."""

# Look and push in one round trip, so that two senders cannot both see room for the last wake-up.
_PUSH = """
if redis.call('llen', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('hset', KEYS[2], unpack(ARGV, 4))
redis.call('expire', KEYS[2], ARGV[2])
redis.call('sadd', KEYS[3], KEYS[1])
redis.call('rpush', KEYS[1], ARGV[3])
return 1
"""

log = structlog.get_logger(__name__)
_connections: dict[tuple[str, float], redis.Redis] = {}
_counts: dict[str, tuple[float, int]] = {}
_senders: dict[str, "_Sender"] = {}
_silent_until = 0.0


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
        for name in queues:
            _wake(name)
    except redis.RedisError as error:
        _silent_until = time.monotonic() + 1.0
        log.warning("wake_failed", queues=list(queues), error=str(error))
        return False
    return True


def reset() -> None:
    """Forget connections and failures (after a fork, and in tests)."""
    global _silent_until  # noqa: PLW0603
    _connections.clear()
    _counts.clear()
    _senders.clear()
    _silent_until = 0.0


def reachable() -> bool:
    """Whether Redis answers now."""
    try:
        return bool(_connection("default").ping())
    except redis.RedisError:
        return False


def eviction_policy() -> str:
    """Redis' maxmemory-policy; anything but noeviction may drop wake-ups. Raises redis.RedisError."""
    return str(_connection("default").config_get("maxmemory-policy").get("maxmemory-policy", "unknown"))  # type: ignore[union-attr]


def _wake(name: str) -> None:
    connection = _connection(name)
    crash_point("dispatch.enqueue")
    sender = _senders.get(name)
    if sender is None:
        sender = _senders[name] = _Sender(name, connection)
    sender.push(connection, max(1, _live_workers(name)))
    crash_point("dispatch.pushed")


class _Sender:
    """What every wake-up of one queue has in common, made once by RQ itself."""

    def __init__(self, name: str, connection: redis.Redis) -> None:
        queue = Queue(name, connection=connection, serializer=JSONSerializer)
        job = queue.create_job(DRAIN, kwargs={"queue": name}, timeout=-1, result_ttl=0, failure_ttl=0)
        job.set_status(JobStatus.QUEUED, pipeline=connection.pipeline())
        self._key = queue.key
        self._queues_key = queue.redis_queues_keys
        self._fields = [part for pair in job.to_dict(include_meta=False).items() for part in pair]
        self._fields += ["status", JobStatus.QUEUED.value]
        self._push = connection.register_script(_PUSH)

    def push(self, connection: redis.Redis, most: int) -> None:
        """One more wake-up, unless `most` are pending."""
        job_id = str(uuid4())
        self._push(
            keys=[self._key, Job.key_for(job_id), self._queues_key],
            args=[most, _WAKE_UP_LIFE, job_id, *self._fields],
            client=connection,
        )


def _live_workers(name: str) -> int:
    """Live workers of the queue, counted at most every two seconds."""
    now = time.monotonic()
    counted, count = _counts.get(name, (0.0, 0))
    if now - counted > _COUNT_AGE:
        try:
            count = count_live(name)
        except (DatabaseError, psycopg.Error):
            count = 1
        _counts[name] = (now, count)
    return count


def _connection(name: str) -> redis.Redis:
    url = django_settings.RQ_QUEUES.get(name, {}).get("URL", django_settings.REDIS_URL)
    limit = conf.get().REDIS_TIMEOUT
    connection = _connections.get((url, limit))
    if connection is None:
        connection = redis.Redis.from_url(
            url, socket_timeout=limit, socket_connect_timeout=limit, retry=Retry(NoBackoff(), 1)
        )
        _connections[url, limit] = connection
    return connection
