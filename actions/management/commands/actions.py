"""manage.py actions: what there is to ask for."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.errors import ActionNotFound, storable
from actions.management.face import Face
from actions.queries import catalogue, paging

_STATES = ("paused", "gone")


class Command(Face):
    """Reads only."""

    help = "List actions by name, or show one with its schemas and policies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question."""
        questions = parser.add_subparsers(dest="question", required=True, metavar="list|show")
        many = questions.add_parser("list", help="actions by name, those that the code has no more at the end")
        many.add_argument("--find", default="", metavar="TEXT", help="a part of the name or the description")
        many.add_argument(
            "--kind", default="", choices=["action", "workflow"], metavar="KIND", help="action or workflow"
        )
        many.add_argument("--tag", default="", metavar="TAG", help="only those with this tag")
        stands = "paused (also by a tag), or gone from the code"
        many.add_argument("--state", default="", choices=_STATES, metavar="STATE", help=stands)
        one = questions.add_parser("show", help="one action")
        one.add_argument("name", metavar="NAME")
        for question in (many, one):
            question.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        if options["question"] == "show":
            return self._show(options["name"])
        asked = {name: storable(options[name]) for name in ("find", "kind", "state", "tag")}
        found = [{**paging.brief(row), "declared": row.declared} for row in catalogue.listed(**asked)]
        for one in found:
            self.say(_line(one))
        if not found:
            self.say("There is none.")
        return {"actions": found}

    def _show(self, name: str) -> dict[str, Any]:
        found = paging.action(name)
        if found is None:
            raise ActionNotFound(f"There is no action called {name[:100]!r}.")
        for field, value in found.items():
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            self.say(f"{field.replace('_', ' '):<16} {said}".replace("\n", "\\n"))
        return found


def _line(one: dict[str, Any]) -> str:
    state = "gone" if not one["declared"] else "paused" if one["paused"] else one["effects"]
    words = " ".join([*(f"#{tag}" for tag in one["tags"]), one["description"].partition("\n")[0]])
    return f"{one['name']}  {one['kind']}  {state}  queue {one['queue']}  {words}".rstrip()
