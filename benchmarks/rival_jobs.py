"""RQ's jobs, doing the same work as the actions of benchmarks.app."""

from django.conf import settings
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

GATE = "rival:open"
"""Where the tokens lie that let the workers go on."""


def noop(number: int, text: str) -> None:
    """Does nothing."""


def row(number: int, text: str) -> None:
    """Inserts one row by the ORM. Its commit and the job's end in Redis are two."""
    from benchmarks.app.models import Row

    Row.objects.create(number=number, text=text)


def chain(number: int, text: str, left: int) -> None:
    """One step of a sequence: does nothing, and enqueues the next."""
    if left:
        queue = _QUEUES.get("rival")
        if queue is None:
            connection = Redis.from_url(settings.REDIS_URL)
            queue = _QUEUES["rival"] = Queue("rival", connection=connection, serializer=JSONSerializer)
        queue.enqueue(chain, kwargs={"number": number, "text": text, "left": left - 1}, result_ttl=0)


_QUEUES: dict[str, Queue] = {}


def gate() -> None:
    """Stands until the benchmark opens."""
    stand(GATE)


def stand(key: str) -> None:
    """Return when a token lies under `key`. Asks every two seconds, below redis-py's own socket timeout."""
    redis = Redis.from_url(settings.REDIS_URL)
    while redis.blpop([key], timeout=2) is None:
        pass
