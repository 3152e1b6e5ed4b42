"""manage.py audit_export: the seals, to be kept elsewhere."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from actions.engine.anchor import export


class Command(BaseCommand):
    """Keep its output where nobody who writes to the database can write."""

    help = "Print the signed seals of the audit, one line of JSON each: the anchor that audit_verify --anchor takes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--after."""
        parser.add_argument("--after", type=int, default=0, metavar="N", help="only seals above this number")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        for line in export(after=options["after"]):
            self.stdout.write(line)
