"""manage.py queues: what waits, for how long, and who is there to do it."""

from argparse import ArgumentParser
from typing import Any

from actions.management.face import Face
from actions.queries import queues


class Command(Face):
    """Reads only."""

    help = "List queues by name: what is due, late and running, and their workers. Counts end at 10,000."

    def add_own(self, parser: ArgumentParser) -> None:
        """The one question there is."""
        parser.add_argument("question", nargs="?", choices=["list"], default="list", help="what is asked (list)")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        found = queues.queues()
        for one in found:
            oldest = f", the oldest since {one.oldest:%Y-%m-%d %H:%M:%S} UTC" if one.oldest else ""
            crew = f"workers: {one.workers} live" + (f", {one.quiet} quiet" if one.quiet else "")
            self.say(
                f"{one.name}  {one.due} due{oldest}  {one.late} late  {one.running} running  {one.later} later  {crew}"
            )
            if one.paused_at:
                until = f" until {one.paused_until:%Y-%m-%d %H:%M:%S} UTC" if one.paused_until else ""
                said = f"    paused{until} by {one.paused_by} at {one.paused_at:%Y-%m-%d %H:%M:%S} UTC: {one.paused_reason}"
                self.say(said.replace("\n", "\\n"))
        return {"queues": [queues.as_json(one) for one in found]}
