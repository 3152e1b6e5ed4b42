"""manage.py schedules: what is asked for by the clock, and how it went."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.management.face import Face
from actions.queries import schedules


class Command(Face):
    """See queries.schedules."""

    help = "List schedules, those that come next first; with one, show when it comes and what it has started."

    def add_own(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("schedule", nargs="?", metavar="SCHEDULE", help="its number, or ACTION/NAME")
        parser.add_argument("--action", default="", metavar="NAME", help="only those of this action")
        parser.add_argument("--state", default="", choices=schedules.STATES, help="only those that stand so")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Show them."""
        if options["schedule"] is not None:
            return self._show(schedules.find(schedules.named(options["schedule"])))
        found = schedules.every(action=options["action"], state=options["state"])
        for shown in found:
            self.say(f"{shown.row.pk:>4}  {shown.row}  {shown.says}, {shown.row.timezone}  {_standing(shown)}")
        if not found:
            self.say("There is none.")
        return {"schedules": [schedules.as_json(shown) for shown in found]}

    def _show(self, shown: schedules.Shown) -> dict[str, Any]:
        row = shown.row
        self.say(f"{row.pk}  {row}")
        self.say(f"{row.cron}  {row.timezone}: {shown.says}")
        self.say(_standing(shown))
        for moment in schedules.times(row):
            self.say(f"  next  {moment.said}  ({moment.utc} UTC)")
        if row.last_error:
            self.say(f"the last time started nothing: {row.last_error}")
        for run in reversed(shown.runs[-10:]):
            self.say(f"  {run.id}  {run.status:<9}  {run.at:%Y-%m-%d %H:%M:%S} UTC")
        told = schedules.as_json(shown)
        self.say(f"params: {json.dumps(told['params'], ensure_ascii=False)}")
        return told


def _standing(shown: schedules.Shown) -> str:
    row = shown.row
    if row.withdrawn:
        return "not in the code any more"
    if row.paused_at is not None:
        until = f" until {row.paused_until:%Y-%m-%d %H:%M:%S} UTC" if row.paused_until else ""
        return f"paused by {row.paused_by}{until}: {row.paused_reason}"
    if row.next_at is None:
        return "never again"
    late = "late, was due" if shown.late else "next"
    return f"{late} {row.next_at:%Y-%m-%d %H:%M:%S} UTC{', the last time started nothing' if row.last_error else ''}"
