"""manage.py workers: who is at work, who is quiet, who is silent."""

from argparse import ArgumentParser
from typing import Any

from actions.management.face import Face
from actions.queries import crew


class Command(Face):
    """Reads only."""

    help = "List workers: those that are there, and those that left within the last hour."

    def add_own(self, parser: ArgumentParser) -> None:
        """Which ones."""
        parser.add_argument("question", nargs="?", choices=["list"], default="list", help="what is asked (list)")
        parser.add_argument("--state", default="", choices=crew.STATES, metavar="STATE", help=", ".join(crew.STATES))

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        found = crew.workers(options["state"])
        for one in found:
            on = f"on {one.current}" if one.current else "on nothing"
            self.say(f"{one.id}  {one.state}  {one.host}:{one.pid}  {on}, holds {one.held}  {', '.join(one.queues)}")
            for word, at, by, reason in (
                ("be quiet", one.quiet_at, one.quiet_by, one.quiet_reason),
                ("stop", one.stop_at, one.stop_by, one.stop_reason),
            ):
                if at is not None:
                    self.say(f"    asked to {word} by {by} at {at:%Y-%m-%d %H:%M:%S} UTC: {reason}")
        return {"workers": [crew.as_json(one) for one in found]}
