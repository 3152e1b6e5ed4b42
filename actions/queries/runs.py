"""What executions and bulk operations hold together: runs (an execution with the steps below it), and operations by name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.ids import public_id

MOST = 1_000
"""Executions of one run that are looked at."""
_DEEPEST = 50
_BELOW = """
WITH RECURSIVE below AS (
  SELECT %(id)s::uuid AS id, 0 AS depth
  UNION ALL
  SELECT step.id, depth + 1 FROM below JOIN actions_execution AS step ON step.parent_id = below.id WHERE depth < %(deepest)s
)
SELECT id FROM below LIMIT %(most)s
"""
_ABOVE = """
WITH RECURSIVE above AS (
  SELECT id AS start, id, parent_id, action_id, 0 AS depth FROM actions_execution WHERE id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT start, parent.id, parent.parent_id, parent.action_id, depth + 1
  FROM above JOIN actions_execution AS parent ON parent.id = above.parent_id WHERE depth < %(deepest)s
)
SELECT 'run' AS kind, start, id, action_id, 0 AS total, '' AS by FROM above WHERE parent_id IS NULL
UNION ALL
SELECT 'operation', id, id, verb, total, actor_label FROM actions_bulkoperation WHERE id = ANY (%(operations)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Root:
    """The execution that nothing stands above."""

    id: UUID
    action: str

    @property
    def public_id(self) -> str:
        """Its id as people write it."""
        return public_id(self.id)


def below(id_: UUID) -> tuple[UUID, ...]:
    """The execution and its steps, and theirs, at most MOST."""
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"id": id_, "deepest": _DEEPEST, "most": MOST})
        return tuple(row[0] for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Operation:
    """What a bulk operation is called in a line."""

    verb: str
    total: int
    by: str


@dataclass(frozen=True, slots=True)
class Holders:
    """What holds entries together, as far as it is still there."""

    roots: Mapping[UUID, Root] = field(default_factory=dict)
    """What each execution belongs to: itself, where it is no step."""
    operations: Mapping[UUID, Operation] = field(default_factory=dict)


def holders(executions: Collection[UUID], operations: Collection[UUID]) -> Holders:
    """What these belong to, and are called: one query, and none for none."""
    if not executions and not operations:
        return Holders()
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, {"ids": list(executions), "operations": list(operations), "deepest": _DEEPEST})
        found = cursor.fetchall()
    return Holders(
        {
            start: Root(id_, action)
            for kind, start, id_, action, _, _ in found
            if kind == "run" and not narrowing.hidden(action)
        },
        {id_: Operation(verb, total, by) for kind, _, id_, verb, total, by in found if kind == "operation"},
    )
