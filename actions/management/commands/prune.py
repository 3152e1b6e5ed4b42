"""manage.py prune: delete executions that ended long ago. Maintain does the same by itself."""

from argparse import ArgumentParser
from typing import Any

from actions import conf
from actions.engine.maintain import prune
from actions.management.face import Face
from actions.queries import listing


class Command(Face):
    """See engine.maintain."""

    help = "Delete executions that ended longer ago than the retention; their audit stays."

    def add_own(self, parser: ArgumentParser) -> None:
        """How old, and whether only to count."""
        parser.add_argument("--days", type=int, help="keep this many days (default: RETENTION_DAYS)")
        parser.add_argument("--dry-run", action="store_true", help="only say how many would go")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Count, then delete unless this is dry."""
        days = conf.get().RETENTION_DAYS if options["days"] is None else options["days"]
        old = listing.prunable(days)
        gone = 0 if options["dry_run"] else prune(days=days)
        if options["dry_run"]:
            self.say(f"{old} executions ended more than {days} days ago; nothing was deleted.")
        else:
            self.say(f"{gone} executions that ended more than {days} days ago were deleted.")
        return {"days": days, "dry_run": options["dry_run"], "prunable": old, "pruned": gone}
