"""Actions and queues as they are declared and paused."""

from actions.errors import ActionNotFound
from actions.models import Action, Queue
from actions.states import Effects


def find(name: str) -> Action:
    """The row of an action. Raises ActionNotFound."""
    action = Action.objects.filter(pk=name).first() if "\x00" not in name else None
    if action is None:
        raise ActionNotFound(f"There is no action called {name[:100]!r}.")
    return action


def get(name: str) -> Action | None:
    """The row of an action, None when it has none (any more)."""
    return Action.objects.filter(pk=name).first()


def effects_of(name: str) -> str:
    """What an action does outside; the most careful answer for one that has no row any more."""
    return Action.objects.filter(pk=name).values_list("effects", flat=True).first() or Effects.EXTERNAL.value


def queue(name: str) -> Queue | None:
    """The row of a queue, None when there is none."""
    return None if "\x00" in name else Queue.objects.filter(pk=name).first()
