"""manage.py change_pause: what is paused stays so until another time."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from actions.engine.operate.change_pause import change_action_pause, change_queue_pause, change_tag_pause
from actions.engine.schedules.change_pause import change_schedule_pause
from actions.management import payload
from actions.management.switch import Switch
from actions.queries import schedules


def _schedule(place: str, **said: Any) -> bool:
    return change_schedule_pause(schedules.named(place), **said)


class Command(Switch):
    """See engine.operate.change_pause."""

    help = "Let what is paused stay so until another time, or for another reason; nothing goes on in between."
    acts: ClassVar[dict[str, Callable[..., bool]]] = {
        "action": change_action_pause,
        "queue": change_queue_pause,
        "tag": change_tag_pause,
        "schedule": _schedule,
    }
    paused = True

    def add_own(self, parser: ArgumentParser) -> None:
        """Of what, and until when."""
        super().add_own(parser)
        times = payload.add_until(parser, needed=True)
        times.add_argument("--until-resumed", action="store_true", help="until somebody resumes it")

    def more(self, options: dict[str, Any]) -> dict[str, Any]:
        """The time, None for until somebody resumes it."""
        return {"until": payload.until(options)}
