"""manage.py audit_export: the seals, to be kept elsewhere."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.engine.anchor import export
from actions.management.face import Face


class Command(Face):
    """Keep its output where nobody who writes to the database can write."""

    help = "Print the signed seals of the audit, one line of JSON each: the anchor that audit_verify --anchor takes."

    def add_own(self, parser: ArgumentParser) -> None:
        """--after."""
        parser.add_argument("--after", type=int, default=0, metavar="N", help="only seals above this number")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Print them; with --json as one document."""
        lines = list(export(after=options["after"])) if self.as_json else []
        if not self.as_json:
            for line in export(after=options["after"]):
                self.stdout.write(line)
        return {"seals": [json.loads(line) for line in lines]}
