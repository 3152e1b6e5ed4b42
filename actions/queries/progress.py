"""How far workflows are: their steps by status, for the few that a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from actions.states import Status

MOST_COUNTED = 1_000
"""Steps of one workflow that are counted."""
_PROGRESS = """
SELECT workflow.id, step.status, count(*)
FROM unnest(%(ids)s::uuid[]) AS workflow(id) CROSS JOIN LATERAL (
  SELECT status FROM actions_execution WHERE parent_id = workflow.id LIMIT %(most)s) AS step
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """The own steps of one workflow."""

    counts: Mapping[Status, int] = field(default_factory=dict)
    """By status, in their order."""

    @property
    def total(self) -> int:
        """All steps that were asked for so far, at most MOST_COUNTED."""
        return sum(self.counts.values())

    @property
    def more(self) -> bool:
        """Whether there may be more than were counted."""
        return self.total >= MOST_COUNTED


def progress(workflows: Sequence[UUID]) -> dict[UUID, Progress]:
    """Of each of these executions; of one without steps an empty one."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, {"ids": list(workflows), "most": MOST_COUNTED})
        rows = cursor.fetchall()
    found: dict[UUID, dict[str, int]] = {id_: {} for id_ in workflows}
    for id_, status, number in rows:
        found[id_][status] = number
    return {
        id_: Progress({status: counts[status] for status in Status if status in counts})
        for id_, counts in found.items()
    }
