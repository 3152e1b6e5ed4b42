"""manage.py audit_verify: does the audit still say what it said?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from actions.engine.verify import verify
from actions.errors import AuditBroken
from actions.management.face import Face, Refused


class Command(Face):
    """Exit code 0 when everything fits, 1 when something does not."""

    help = "Recompute every seal of the audit and compare executions with it; name the first row that does not fit."

    def add_own(self, parser: ArgumentParser) -> None:
        """--anchor and --lag."""
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="seals that audit_export wrote before")
        parser.add_argument("--lag", type=float, metavar="SECONDS", help="how long an entry may stay unsealed")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Verify and say what was found."""
        report = verify(anchor=_lines(options["anchor"]), lag=options["lag"])
        for line in report.lines():
            self.say(line)
        if not report.ok:
            if self.as_json:
                self.print_json(report.as_json())
            raise Refused(f"{AuditBroken.code}: {report.findings[0].message}")
        return report.as_json()


def _lines(anchor: Path | None) -> list[str]:
    if anchor is None:
        return []
    try:
        return anchor.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The anchor {anchor} cannot be read: {error}", returncode=2) from None
