"""Executions to look at: one by its id, some by a search."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left

from actions import narrowing
from actions.errors import ExecutionNotFound
from actions.ids import parse_id
from actions.models import Execution
from actions.queries import catalogue

LONGEST_CAUSE = 240
"""Characters of an error's message that lists show."""
_LONGEST_KEY = 255


def listed() -> QuerySet[Any]:
    """Executions without their large columns, with `cause`: the beginning of the error's message."""
    cause = Left(KeyTextTransform("message", "error"), LONGEST_CAUSE)
    return Execution.objects.defer("params", "result", "error").annotate(cause=cause)


def parse(text: str) -> UUID | None:
    """The id that `text` names: a public id, or a UUID as text; None when it is neither."""
    found = parse_id(text)
    if found is None and len(text) <= 45:
        try:
            found = UUID(text)
        except ValueError:
            return None
    return found


def find(text: str) -> Execution:
    """The execution with this public id, with its action. Raises ExecutionNotFound."""
    row_id = parse(text)
    execution = Execution.objects.filter(pk=row_id).select_related("worker").first() if row_id else None
    if execution is None or narrowing.hidden(execution.action_id):
        raise ExecutionNotFound(f"There is no execution {text[:64]!r}.")
    return execution


def search(executions: QuerySet[Execution], text: str) -> QuerySet[Execution]:
    """Those whose id is `text`, or whose idempotency key is exactly `text`; never a pattern."""
    text = text.strip()
    row_id = parse(text)
    if row_id is not None:
        return executions.filter(pk=row_id)
    if not text or "\x00" in text or len(text) > _LONGEST_KEY:
        return executions.none()
    return executions.filter(idempotency_key=text)


def of_kind(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """Workflows, steps, or (`top`) what belongs to no workflow."""
    if kind == "workflow":
        return rows.filter(action_id__in=sorted(catalogue.workflows()))
    return rows.filter(parent__isnull=kind == "top")


def replays(execution: Execution, number: int = 20) -> list[Execution]:
    """The newest executions that replay this one."""
    # Replays are younger and of the same action: said so that the index on (action, id) bounds the search.
    found = Execution.objects.filter(action=execution.action_id, id__gt=execution.pk, replay_of=execution.pk)
    return list(found.only("id", "status", "created_at", "actor_label").order_by("-id")[:number])
