"""manage.py views: searches under a name."""

from argparse import ArgumentParser
from typing import Any

from actions.management.face import Face
from actions.queries import views


class Command(Face):
    """Reads only; they are saved in the console, each by its owner."""

    help = "List the views of the list of executions that everybody has: those of the code, and those that are shared."

    def add_own(self, parser: ArgumentParser) -> None:
        """The one question there is."""
        parser.add_argument("question", nargs="?", choices=["list"], default="list", help="what is asked (list)")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        found = views.shared()
        for one in found:
            self.say(f"{one.key}  {one.name}  {one.query}  {one.says}".replace("\n", "\\n"))
        named = ("key", "name", "query", "says", "shared")
        return {"views": [{name: getattr(one, name) for name in named} for one in found]}
