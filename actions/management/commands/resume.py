"""manage.py resume: let an action, a queue, or what has a tag, go on."""

from typing import ClassVar

from actions.engine.operate.pause import resume_action, resume_queue, resume_tag
from actions.management.switch import Switch


class Command(Switch):
    """See engine.operate.pause."""

    help = "Let the executions of a paused action, queue or tag start again."
    acts: ClassVar = {"action": resume_action, "queue": resume_queue, "tag": resume_tag}
    paused = False
