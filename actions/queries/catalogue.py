"""Actions and queues as they are declared and paused."""

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from actions import narrowing
from actions.errors import ActionNotFound
from actions.models import Action, Execution, Queue
from actions.queries import pauses

MOST = 500
"""Actions that one list shows."""


def find(name: str) -> Action:
    """The row of an action. Raises ActionNotFound."""
    action = get(name) if "\x00" not in name and not narrowing.hidden(name) else None
    if action is None:
        raise ActionNotFound(f"There is no action called {name[:100]!r}.")
    return action


def get(name: str, *, tags: list[str] | None = None) -> Action | None:
    """The row of an action, None when it has none (any more), with the pauses of its tags, and of an execution's `tags`."""
    return pauses.with_tags(Action.objects.filter(pk=name), others=tags).first()


def workflows() -> frozenset[str]:
    """The names of the actions that are workflows."""
    return frozenset(Action.objects.filter(kind="workflow").values_list("name", flat=True))


def queue(name: str) -> Queue | None:
    """The row of a queue, None when there is none."""
    return None if "\x00" in name else Queue.objects.filter(pk=name).first()


def listed(*, find: str = "", kind: str = "", state: str = "", tag: str = "") -> list[Action]:
    """Actions by name. `find`: a part of the name or the description; `kind`: action, workflow; `state`: paused (also by a
    tag), gone; `tag`: one of theirs."""
    rows = pauses.with_tags(Action.objects.defer("params_schema", "result_schema")).order_by("-declared", "name")
    if find:
        rows = rows.none() if "\x00" in find else rows.filter(Q(name__icontains=find) | Q(description__icontains=find))
    if kind:
        rows = rows.filter(kind=kind) if kind in {"action", "workflow"} else rows.none()
    if tag:
        rows = rows.none() if "\x00" in tag else rows.filter(tags__contains=[tag])
    if state:
        known = {"paused": pauses.held(), "gone": Q(declared=False)}
        rows = rows.filter(known[state]) if state in known else rows.none()
    likes = narrowing.likes()
    if likes is not None:
        rows = rows.filter(RawSQL("actions_action.name LIKE ANY (%s::text[])", (likes,), output_field=BooleanField()))
    return list(rows[:MOST])


def newest(name: str, number: int = 8) -> list[Execution]:
    """The newest executions of an action."""
    # The pair of bounds means equality, but leaves only the index on (action, id) to give the order.
    rows = Execution.objects.filter(action_id__gte=name, action_id__lte=name).order_by("-action_id", "-id")
    return list(rows.defer("params", "result")[:number])
