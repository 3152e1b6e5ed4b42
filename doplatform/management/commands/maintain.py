"""manage.py maintain: the chores; any number may run, one acts."""

from typing import Any

from django.core.management.base import BaseCommand

from doplatform.services.maintenance import serve


class Command(BaseCommand):
    """Redispatch, rescue and prune until stopped."""

    help = "Do the platform's chores: wake lost executions, rescue lost attempts, prune. One process acts, others stand by."

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        serve()
