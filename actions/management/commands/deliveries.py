"""manage.py deliveries: which ends of executions were told to whom, and those that are still to be told."""

from argparse import ArgumentParser
from typing import Any

from actions.engine.callbacks.deliver import installation_secrets
from actions.management.face import Face, shown
from actions.queries import deliveries


class Command(Face):
    """Reads only; a dead delivery is brought back by `retry` of its carrier."""

    help = "List deliveries of callbacks, newest first, or show the secrets that sign those without one of their own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question."""
        questions = parser.add_subparsers(dest="question", required=True, metavar="list|secret")
        many = questions.add_parser("list", help="deliveries, newest first")
        many.add_argument("--execution", default="", metavar="ID", help="only of this execution")
        many.add_argument("--state", default="", choices=deliveries.STATES, metavar="STATE")
        many.add_argument("--limit", type=int, default=20, help="at most this many (default 20)")
        keys = questions.add_parser("secret", help="what receivers verify signatures with")
        for question in (many, keys):
            question.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        if options["question"] == "secret":
            secrets = installation_secrets()
            for secret in secrets:
                self.say(secret)
            return {"secrets": secrets}
        found = deliveries.deliveries(execution=options["execution"], state=options["state"], limit=options["limit"])
        for one in found:
            why = f"  {one['error']}" if one["error"] else ""
            self.say(
                shown(
                    f"{one['id']}  {one['state']:<9}  {one['status']:<9}  {one['execution']}  {one['url']}  "
                    f"tries {one['tries']}, carried by {one['carrier'] or 'nobody yet'}{why}"
                ).replace("\n", "\\n")
            )
        return {"deliveries": found}
