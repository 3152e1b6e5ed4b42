"""manage.py pause: let nothing of an action, or of a queue, start."""

from typing import ClassVar

from actions.engine.operate.pause import pause_action, pause_queue
from actions.management.switch import Switch


class Command(Switch):
    """See engine.operate.pause."""

    help = "Pause an action or a queue: what is accepted waits, what runs ends."
    acts: ClassVar = {"action": pause_action, "queue": pause_queue}
    paused = True
