"""Actions and queues as they are declared and paused."""

from actions.errors import ActionNotFound
from actions.models import Action, Queue


def find(name: str) -> Action:
    """The row of an action. Raises ActionNotFound."""
    action = Action.objects.filter(pk=name).first() if "\x00" not in name else None
    if action is None:
        raise ActionNotFound(f"There is no action called {name[:100]!r}.")
    return action


def get(name: str) -> Action | None:
    """The row of an action, None when it has none (any more)."""
    return Action.objects.filter(pk=name).first()


def workflows() -> frozenset[str]:
    """The names of the actions that are workflows."""
    return frozenset(Action.objects.filter(kind="workflow").values_list("name", flat=True))


def queue(name: str) -> Queue | None:
    """The row of a queue, None when there is none."""
    return None if "\x00" in name else Queue.objects.filter(pk=name).first()
