"""manage.py pause: let nothing of an action, of a queue, or with a tag, start."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any, ClassVar

from actions.engine.operate.pause import pause_action, pause_queue, pause_tag
from actions.management import payload
from actions.management.switch import Switch


class Command(Switch):
    """See engine.operate.pause."""

    help = "Pause an action, a queue or a tag: what is accepted waits, what runs ends."
    acts: ClassVar = {"action": pause_action, "queue": pause_queue, "tag": pause_tag}
    paused = True

    def add_own(self, parser: ArgumentParser) -> None:
        """What to pause, and for how long."""
        super().add_own(parser)
        times = parser.add_mutually_exclusive_group()
        times.add_argument(
            "--until", metavar="TIME", help="ISO 8601 with a zone; without it, until somebody resumes it"
        )
        times.add_argument("--for", metavar="SPAN", dest="span", type=payload.span, help="such as 15m, 4h or 2d")

    def more(self, options: dict[str, Any]) -> dict[str, Any]:
        """The time, when there is one."""
        if options["span"] is not None:
            return {"until": datetime.now(UTC) + options["span"]}
        return {"until": payload.moment(options["until"], "until")}
