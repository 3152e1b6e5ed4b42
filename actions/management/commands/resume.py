"""manage.py resume: let an action, or a queue, go on."""

from typing import ClassVar

from actions.engine.operate.pause import resume_action, resume_queue
from actions.management.switch import Switch


class Command(Switch):
    """See engine.operate.pause."""

    help = "Let the executions of a paused action or queue start again."
    acts: ClassVar = {"action": resume_action, "queue": resume_queue}
    paused = False
