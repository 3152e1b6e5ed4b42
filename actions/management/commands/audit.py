"""manage.py audit: who did what, and when."""

from argparse import ArgumentParser
from typing import Any

from actions.errors import InvalidInput
from actions.management.face import Face
from actions.queries import trail

_FIELDS = {
    "actor": "who: a label, an id, or kind:id; * stands for any text",
    "trigger": "what kind of actor: user, api_key, schedule, workflow, system",
    "verb": "what was done, such as execution.retried; * stands for any text",
    "action": "the action that it is about; * stands for any text",
    "execution": "the execution that it is about",
    "run": "an execution, and the steps below it",
    "after": "at that time or later: --after=-2h, today, 2026-01-31, or ISO 8601",
    "before": "before that time",
    "request": "all of one request",
    "operation": "all of one bulk operation",
    "xid": "all of one transaction",
}


class Command(Face):
    """Reads only."""

    help = "List entries of the audit, newest first."

    def add_own(self, parser: ArgumentParser) -> None:
        """Which ones."""
        parser.add_argument("question", nargs="?", choices=["list"], default="list", help="what is asked (list)")
        for name, told in _FIELDS.items():
            parser.add_argument(f"--{name}", default="", metavar=name.upper(), help=told)
        parser.add_argument(
            "--limit", type=int, default=20, help=f"at most this many, up to {trail.LARGEST_PAGE} (default 20)"
        )
        parser.add_argument("--cursor", default="", help="where the page before has ended")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        limit = options["limit"]
        if not 1 <= limit <= trail.LARGEST_PAGE:
            raise InvalidInput(
                "invalid_limit", f"limit lies between 1 and {trail.LARGEST_PAGE}, not {limit}.", path="limit"
            )
        question = trail.question_of({name: options[name] for name in _FIELDS})
        page = trail.page(question, cursor=options["cursor"], limit=limit)
        for entry in page.entries:
            about = entry.execution or entry.action
            why = f": {entry.reason}" if entry.reason else ""
            line = f"{entry.id}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.verb}  {about}  {entry.actor_label}{why}"
            self.say(line.replace("\n", "\\n"))
        if page.limited:
            self.say("(Not all was looked at; the cursor goes on from there.)")
        if page.next is not None:
            self.say(f"(There are more: --cursor {page.next})")
        return {"entries": [entry.as_dict() for entry in page.entries], "next": page.next, "limited": page.limited}
