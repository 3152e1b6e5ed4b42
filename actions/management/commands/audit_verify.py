"""manage.py audit_verify: does the audit still say what it said?"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.engine.verify import verify


class Command(BaseCommand):
    """Exit code 0 when everything fits, 1 when something does not, 2 when it could not be looked at."""

    help = "Recompute every seal of the audit and compare executions with it; name the first row that does not fit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--anchor, --lag, --json."""
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="seals that audit_export wrote before")
        parser.add_argument("--lag", type=float, metavar="SECONDS", help="how long an entry may stay unsealed")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print."""
        lines: list[str] = []
        if options["anchor"] is not None:
            try:
                lines = options["anchor"].read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"The anchor {options['anchor']} cannot be read: {error}", returncode=2) from None
        report = verify(anchor=lines, lag=options["lag"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            for line in report.lines():
                self.stdout.write(line)
        if not report.ok:
            raise SystemExit(1)
