"""manage.py work: a pool of worker processes."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from redis import Redis

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
        Pool(queues, Redis.from_url(settings.REDIS_URL), options["processes"]).start(logging_level="WARNING")
