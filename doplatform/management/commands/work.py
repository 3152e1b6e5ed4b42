"""manage.py work: a pool of worker processes."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from actions.engine import dispatch, durability
from actions.errors import UnsafeDatabase
from doplatform.services.worker import Pool


class Command(BaseCommand):
    """Answer wake-ups until stopped: SIGTERM lets handlers finish, or gives their attempts back after the grace time."""

    help = "Perform executions with a pool of worker processes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's options."""
        parser.add_argument("queues", nargs="*", help="Queues in order of preference; all when none is named.")
        parser.add_argument("--processes", type=int, default=2, help="How many worker processes (default 2).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        queues = options["queues"] or list(settings.RQ_QUEUES)
        refuse_unsafe()
        # A worker waits for Redis by itself: redis-py's own retries would make each silence several times as long.
        redis = Redis.from_url(
            settings.REDIS_URL, retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        )
        Pool(queues, redis, options["processes"]).start(logging_level="WARNING")


def refuse_unsafe() -> None:
    """Refuse at once, with a sentence, where PostgreSQL would lose what it acknowledges or Redis drop what it was given.

    Either may be away now; then each worker asks PostgreSQL again when it is back.
    """
    policy = dispatch.inspect([]).policy
    if policy.startswith("allkeys"):
        raise CommandError(
            f"No worker starts on this Redis: its maxmemory-policy is {policy}, which drops wake-ups when memory is full. "
            "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf."
        )
    try:
        durability.require()
    except UnsafeDatabase as error:
        raise CommandError(error.message) from None
    except (OperationalError, InterfaceError):
        return
    finally:
        connection.close()
