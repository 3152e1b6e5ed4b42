"""RQ's jobs, doing the same work as the actions of benchmarks.app."""

from django.conf import settings
from redis import Redis

GATE = "rival:open"
"""Where the tokens lie that let the workers go on."""


def noop(number: int, text: str) -> None:
    """Does nothing."""


def row(number: int, text: str) -> None:
    """Inserts one row by the ORM. Its commit and the job's end in Redis are two."""
    from benchmarks.app.models import Row

    Row.objects.create(number=number, text=text)


def gate() -> None:
    """Stands until the benchmark opens."""
    stand(GATE)


def stand(key: str) -> None:
    """Return when a token lies under `key`. Asks every two seconds, below redis-py's own socket timeout."""
    redis = Redis.from_url(settings.REDIS_URL)
    while redis.blpop([key], timeout=2) is None:
        pass
