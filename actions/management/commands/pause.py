"""manage.py pause: let nothing of an action, of a queue, or with a tag, start."""

from argparse import ArgumentParser
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
        payload.add_until(parser)

    def more(self, options: dict[str, Any]) -> dict[str, Any]:
        """The time, when there is one."""
        return {"until": payload.until(options)}
