"""Wake-ups: the only engine file that knows RQ. A wake-up names a queue, never an execution.

Nothing here may fail a request: when Redis is away the row stays queued and maintain wakes the queue later.
"""

import time

import psycopg
import redis
import structlog
from django.conf import settings as django_settings
from django.db import DatabaseError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from actions import conf
from actions.crashpoints import crash_point
from actions.engine.workers import count_live

DRAIN = "doplatform.services.worker.drain"
"""The one function that a wake-up may name."""
_COUNT_AGE = 2.0

log = structlog.get_logger(__name__)
_connections: dict[tuple[str, float], redis.Redis] = {}
_counts: dict[str, tuple[float, int]] = {}
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
    queue = Queue(name, connection=connection, serializer=JSONSerializer)
    if connection.llen(queue.key) >= max(1, _live_workers(name)):
        return
    crash_point("dispatch.enqueue")
    queue.enqueue_call(DRAIN, kwargs={"queue": name}, timeout=-1, result_ttl=0, failure_ttl=0)
    crash_point("dispatch.pushed")


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
