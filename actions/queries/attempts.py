"""The attempts of one execution, newest first, a page at a time."""

from dataclasses import dataclass
from uuid import UUID

from actions.models import Attempt

PAGE = 25


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """Some attempts, and the number to ask for the ones before them (None: there are none)."""

    attempts: list[Attempt]
    before: int | None


def page_of(execution_id: UUID, *, before: int | None = None) -> AttemptPage:
    """The newest attempts, or those numbered lower than `before`."""
    attempts = Attempt.objects.filter(execution_id=execution_id).select_related("worker").order_by("-number")
    if before is not None:
        attempts = attempts.filter(number__lt=before)
    found = list(attempts[: PAGE + 1])
    return AttemptPage(found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else None)
