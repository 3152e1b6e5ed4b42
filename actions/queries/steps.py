"""Steps of workflows: the tree below an execution, the line above it, and why a step stands where it stands.

Two statements whatever the number of steps: one that knows every step by key and status, bounded, and one with what a
page shows of the few that it shows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.states import FINISHED, Status

MOST_SHOWN = 500
"""Rows of a tree that are shown."""
MOST_KNOWN = 10_000
"""Steps of a tree that are looked at; what is beyond reads `10,000+`."""
MOST_NAMED = 3
"""Prerequisites that a row names."""
MOST_TROUBLED = 10
UNDO = "undo:"
"""Begins the keys of steps that undo others."""
NEEDS_SOMEBODY = frozenset({Status.FAILED, Status.IN_DOUBT})

# OFFSET 0 keeps the planner from joining the whole table: each step is looked up in the index on (parent, step).
_BELOW = """
WITH RECURSIVE below AS (
  SELECT id, parent_id, step, status, finished_at, optional, detached, consumed
  FROM actions_execution WHERE parent_id = %(id)s
  UNION ALL
  SELECT step.*
  FROM below CROSS JOIN LATERAL (
    SELECT id, parent_id, step, status, finished_at, optional, detached, consumed
    FROM actions_execution WHERE parent_id = below.id OFFSET 0) AS step
)
SELECT id, parent_id, step, status, finished_at, status = 'failed' AND NOT (optional OR detached OR consumed)
FROM below LIMIT %(most)s
"""
_ROWS = """
WITH RECURSIVE line AS (
  SELECT id, parent_id FROM actions_execution WHERE id = %(id)s
  UNION ALL
  SELECT above.id, above.parent_id FROM line JOIN actions_execution AS above ON above.id = line.parent_id
)
SELECT execution.id, parent_id, step, status, action_id, coalesce(action.kind = 'workflow', false), attempt, optional,
  detached, consumed, awaited_event, coalesce(cardinality(awaits), 0), wake_at, available_at, created_at, started_at,
  finished_at, coalesce(left(error->>'message', 240), ''),
  CASE WHEN status IN ('blocked', 'skipped') THEN prerequisites END,
  status = 'failed' AND EXISTS (
    SELECT FROM actions_memory
    WHERE execution_id = execution.id AND key = 'failure' AND (value->>'code' <> 'workflow_timed_out' OR EXISTS (
      SELECT FROM actions_execution AS undo WHERE undo.parent_id = execution.id AND starts_with(undo.step, 'undo:'))))
FROM actions_execution AS execution LEFT JOIN actions_action AS action ON action.name = execution.action_id
WHERE execution.id IN (SELECT unnest(%(ids)s::uuid[]) UNION SELECT id FROM line)
"""


@dataclass(frozen=True, slots=True)
class Brief:
    """A step in a word."""

    id: UUID
    parent_id: UUID
    key: str
    status: str
    finished_at: datetime | None
    to_blame: bool
    """Whether it has failed its workflow."""

    @property
    def public_id(self) -> str:
        """exec_ and 26 characters."""
        return public_id(self.id)


@dataclass(frozen=True, slots=True)
class Step:
    """A step as a row shows it; also a workflow above one."""

    id: UUID
    parent_id: UUID | None
    key: str | None
    status: str
    action: str
    is_workflow: bool
    attempt: int
    optional: bool
    detached: bool
    consumed: bool
    awaited_event: str | None
    awaits: int
    """How many steps it waits for."""
    wake_at: datetime | None
    available_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cause: str
    """The beginning of its error's message."""
    prerequisites: list[UUID] | None
    """Where it is blocked or skipped."""
    undoing: bool
    """Whether it is a workflow that failed and began to undo its steps."""

    @property
    def public_id(self) -> str:
        """exec_ and 26 characters."""
        return public_id(self.id)

    @property
    def is_undo(self) -> bool:
        """Whether it undoes another step."""
        return (self.key or "").startswith(UNDO)

    @property
    def duration(self) -> float | None:
        """Seconds of its last attempt; of a workflow, from the request to the end."""
        begun = self.created_at if self.is_workflow and self.started_at else self.started_at
        return None if begun is None or self.finished_at is None else (self.finished_at - begun).total_seconds()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tree."""

    step: Step
    depth: int
    """1 for the steps of the workflow itself."""
    missing: Sequence[Brief] = ()
    """Prerequisites for which it is blocked or skipped, the first few."""
    more_missing: int = 0
    refusal: str = ""
    """Why it has failed and cannot be retried; empty where it can."""

    @property
    def retryable(self) -> bool:
        """Whether a retry makes sense."""
        return self.step.status == Status.FAILED and not self.refusal


@dataclass(slots=True)
class Tree:
    """The steps below an execution in the order they were asked for, those of a sub-workflow below it."""

    rows: list[Row] = field(default_factory=list)
    known: dict[UUID, Brief] = field(default_factory=dict)
    total: int = 0
    capped: bool = False
    """Whether there are more than were counted."""
    direct: Mapping[Status, int] = field(default_factory=dict)
    """Steps of the workflow itself by status, in the order of the statuses."""
    troubled: list[Row] = field(default_factory=list)
    """What has failed or is in doubt anywhere in the tree and was not expected, the newest first."""
    around: dict[UUID, Step] = field(default_factory=dict)
    """Everything that was looked at closely: what the rows show, the execution itself, the workflows above it."""


def look(execution_id: UUID, *, below: bool, beside: Iterable[UUID] = ()) -> Tree:
    """The tree of an execution, where it may have one, with the line above it and the executions `beside` it."""
    tree = Tree()
    order: list[tuple[Brief, int]] = []
    troubled: list[Brief] = []
    if below:
        found = [Brief(*row) for row in _fetch(_BELOW, {"id": execution_id, "most": MOST_KNOWN + 1})]
        tree.capped = len(found) > MOST_KNOWN
        tree.total = min(len(found), MOST_KNOWN)
        tree.known = {brief.id: brief for brief in found[:MOST_KNOWN]}
        counts = Counter(brief.status for brief in tree.known.values() if brief.parent_id == execution_id)
        tree.direct = {status: counts[status] for status in Status if counts[status]}
        order = _ordered(tree.known.values(), execution_id)[:MOST_SHOWN]
        troubled = _troubled(tree.known)
    wanted = {brief.id for brief, _ in order} | set(beside)
    for brief in troubled:
        wanted |= _line(brief, tree.known)
    rows = _fetch(_ROWS, {"id": execution_id, "ids": sorted(wanted)})
    tree.around = {row[0]: Step(*row) for row in rows}
    tree.rows = [row for brief, depth in order if (row := _row(tree, brief.id, depth)) is not None]
    tree.troubled = [row for brief in troubled if (row := _row(tree, brief.id, 1)) is not None]
    return tree


def refusal(tree: Tree, execution_id: UUID) -> str:
    """Why a failed execution cannot be retried as it stands in its workflow; empty where it can. The engine's own answer
    at the moment of acting counts."""
    step = tree.around[execution_id]
    if step.undoing and not any(brief.to_blame for brief in tree.known.values() if brief.parent_id == step.id):
        return "What it had done is being undone, or was. Replay it instead."
    while step.parent_id is not None and (above := tree.around.get(step.parent_id)) is not None:
        if step.consumed:
            subject = "it" if step.id == execution_id else f"{step.key}, which failed by it"
            return f"{above.action} has gone on past the failure of {subject}. Replay the workflow instead."
        if above.status == Status.CANCELLED:
            return f"{above.action}, which it belongs to, was cancelled. Replay that instead."
        if above.status != Status.FAILED:
            return ""
        step = above
    return ""


def _row(tree: Tree, id_: UUID, depth: int) -> Row | None:
    step = tree.around.get(id_)
    if step is None:
        # Pruned between the two statements.
        return None
    why = refusal(tree, id_) if step.status == Status.FAILED else ""
    if not step.prerequisites:
        return Row(step, depth, refusal=why)
    before = [tree.known[each] for each in step.prerequisites if each in tree.known]
    if step.status == Status.BLOCKED:
        missing = [brief for brief in before if brief.status not in FINISHED]
    else:
        missing = [brief for brief in before if brief.status != Status.SUCCEEDED]
    return Row(step, depth, missing[:MOST_NAMED], max(0, len(missing) - MOST_NAMED), why)


def _ordered(known: Iterable[Brief], root: UUID) -> list[tuple[Brief, int]]:
    """As they were asked for, each sub-workflow followed by its steps."""
    children: dict[UUID, list[Brief]] = {}
    for brief in sorted(known, key=lambda brief: brief.id, reverse=True):
        children.setdefault(brief.parent_id, []).append(brief)
    order: list[tuple[Brief, int]] = []
    open_ = [(brief, 1) for brief in children.get(root, ())]
    while open_:
        brief, depth = open_.pop()
        order.append((brief, depth))
        open_ += [(child, depth + 1) for child in children.get(brief.id, ())]
    return order


def _troubled(known: Mapping[UUID, Brief]) -> list[Brief]:
    """The newest first. A sub-workflow that failed by a step of its own is named by that step."""
    found = [brief for brief in known.values() if brief.to_blame or brief.status == Status.IN_DOUBT]
    above = {brief.parent_id for brief in found}
    causes = [brief for brief in found if brief.id not in above]
    causes.sort(key=lambda brief: (brief.finished_at is None, brief.finished_at, brief.id), reverse=True)
    return causes[:MOST_TROUBLED]


def _line(brief: Brief, known: Mapping[UUID, Brief]) -> set[UUID]:
    line = {brief.id}
    while (above := known.get(brief.parent_id)) is not None:
        brief = above
        line.add(brief.id)
    return line


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
