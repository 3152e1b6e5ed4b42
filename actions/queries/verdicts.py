"""What a verb would answer to each of many executions as they stand now: judged as the verbs in engine/operate judge, in the
order in which they would be asked. Two statements, however many there are.

What only the moment of acting shows is not foreseen: the access rule of the installation, params that fit a schema no more.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection

from actions.states import DUE, Effects, Status

FITS: Mapping[str, frozenset[str]] = {
    "retry": frozenset({Status.FAILED}),
    "run_now": DUE,
    "cancel": DUE | {Status.BLOCKED, Status.WAITING, Status.RUNNING},
    "replay": frozenset(Status),
}
"""The statuses in which a verb can be done."""
CAUSES = {
    "gone": "not there any more",
    "status": "its status does not allow it",
    "moved": "has moved on: a new attempt since you saw it",
    "compensated": "its compensation has begun: replay it instead",
    "step_cancelled": "a step of it was cancelled, and stays so: replay it instead",
    "consumed": "its workflow has gone on past the failure: replay that instead",
    "above_cancelled": "its workflow was cancelled: replay that instead",
    "above_gone": "its workflow is there no more",
    "together": "retried together with its workflow or one of its steps, which is chosen too",
    "cancelled_with": "ended by the cancel of its workflow or of a step before it, which is chosen too",
    "no_code": "the code has its action no more, or it is switched off: it would fail",
}
"""Why it would not be done."""

# OFFSET 0: each is looked up by its index, however many the planner thinks there are; it would read the whole table.
_ITEMS = """
SELECT chosen.id, coalesce(execution.status, ''), execution.attempt IS DISTINCT FROM chosen.attempt,
  execution.parent_id IS NOT NULL OR coalesce(action.kind = 'workflow', false), coalesce(action.declared, false)
FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) WITH ORDINALITY AS chosen (id, attempt, place)
LEFT JOIN LATERAL (
  SELECT status, attempt, parent_id, action_id FROM actions_execution WHERE id = chosen.id OFFSET 0) AS execution ON true
LEFT JOIN actions_action AS action ON action.name = execution.action_id
ORDER BY chosen.place
"""
_FAILED = """
WITH RECURSIVE up AS (
  SELECT id, parent_id FROM actions_execution WHERE id = ANY (%(ids)s::uuid[])
  UNION
  SELECT above.* FROM up CROSS JOIN LATERAL (
    SELECT id, parent_id FROM actions_execution WHERE id = up.parent_id OFFSET 0) AS above
), down AS (
  SELECT unnest(%(ids)s::uuid[]) AS id
  UNION
  SELECT step.id FROM down CROSS JOIN LATERAL (
    SELECT id FROM actions_execution
    WHERE parent_id = down.id AND status || '' = 'failed' AND NOT (optional OR detached OR consumed) OFFSET 0) AS step
)
SELECT execution.id, parent_id, status, coalesce(action.kind = 'workflow', false), coalesce(action.effects, 'external'), detached,
  optional OR detached, consumed, coalesce(starts_with(step, 'undo:'), false),
  looked AND EXISTS (
    SELECT FROM actions_memory WHERE execution_id = execution.id AND key = 'failure'
      AND (value->>'code' <> 'workflow_timed_out' OR EXISTS (
        SELECT FROM actions_execution AS undo WHERE undo.parent_id = execution.id AND starts_with(undo.step, 'undo:')))),
  looked AND EXISTS (
    SELECT FROM actions_execution AS stopped WHERE stopped.parent_id = execution.id AND stopped.status || '' = 'cancelled'
      AND NOT (stopped.optional OR stopped.detached OR stopped.consumed)), '[]'
FROM (
  SELECT id, bool_or(looked) AS looked
  FROM (SELECT id, false AS looked FROM up UNION ALL SELECT id, true FROM down) AS each GROUP BY id
) AS wanted JOIN actions_execution AS execution USING (id)
LEFT JOIN actions_action AS action ON action.name = execution.action_id
"""
# What is blocked is skipped when what it needs is cancelled: so with what comes before it, as far as that is blocked or open.
_OPEN = """
WITH RECURSIVE before AS (
  SELECT id, status, prerequisites FROM actions_execution WHERE id = ANY (%(ids)s::uuid[])
  UNION
  SELECT needed.* FROM before CROSS JOIN LATERAL (
    SELECT id, status, prerequisites FROM actions_execution
    WHERE id = ANY (before.prerequisites) AND status || '' NOT IN ('succeeded', 'failed', 'cancelled', 'skipped') OFFSET 0
  ) AS needed
  WHERE before.status = 'blocked'
), up AS (
  SELECT id FROM before
  UNION
  SELECT above.parent_id FROM up CROSS JOIN LATERAL (
    SELECT parent_id FROM actions_execution WHERE id = up.id AND NOT detached AND parent_id IS NOT NULL OFFSET 0) AS above
)
SELECT execution.id, parent_id, status, coalesce(action.kind = 'workflow', false), coalesce(action.effects, 'external'), detached,
  optional OR detached, consumed, false, false, false,
  CASE WHEN status = 'blocked' THEN (
    SELECT coalesce(jsonb_agg(needed.id), '[]') FROM actions_execution AS needed
    JOIN actions_edge AS edge ON edge.prerequisite_id = needed.id AND edge.dependent_id = execution.id
    WHERE needed.id = ANY (execution.prerequisites) AND (edge.needs_result OR NOT needed.optional)) ELSE '[]' END::text
FROM up JOIN actions_execution AS execution USING (id) LEFT JOIN actions_action AS action ON action.name = execution.action_id
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One execution, and why the verb would not be done to it; empty where it would."""

    id: UUID
    status: str
    cause: str


@dataclass(frozen=True, slots=True)
class _Node:
    """An execution of a tree."""

    id: UUID
    parent_id: UUID | None
    status: str
    is_workflow: bool
    effects: str
    detached: bool
    dispensable: bool
    consumed: bool
    is_undo: bool
    undoing: bool
    """Whether it has begun to undo its steps, or will."""
    lacks: bool
    """Whether a step that it needs was cancelled."""
    needs: str
    """What it is skipped without, as a JSON list of ids."""

    @property
    def at_once(self) -> bool:
        """Whether a cancel ends it there and then."""
        return self.status != Status.RUNNING or self.effects == Effects.DATABASE


@dataclass(slots=True)
class _Trees:
    """Executions of trees by id, and below each those that are known."""

    nodes: dict[UUID, _Node]
    below: dict[UUID, list[_Node]] = field(default_factory=lambda: defaultdict(list))
    behind: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    """What is skipped when one ends without success."""

    def __post_init__(self) -> None:
        for node in self.nodes.values():
            if node.parent_id is not None:
                self.below[node.parent_id].append(node)
            for needed in json.loads(node.needs):
                self.behind[UUID(needed)].append(node.id)


@dataclass(slots=True)
class _Changed:
    """What the verb has changed of trees, when it was done to those before."""

    here: set[UUID] = field(default_factory=set)
    """Not as they were: retried or waiting for a retry; ended by a cancel."""
    below: set[UUID] = field(default_factory=set)
    """Workflows that were retried with all that made them fail."""


def judge(verb: str, items: Sequence[tuple[UUID, int]]) -> list[Judged]:
    """The answer to each of these executions, seen at these attempts, in their order."""
    fits = FITS[verb]
    params = {"ids": [id_ for id_, _ in items], "attempts": [attempt for _, attempt in items]}
    found = _fetch(_ITEMS, params)
    trees = [id_ for id_, status, moved, in_tree, _ in found if in_tree and status in fits and not moved]
    within: Callable[[UUID], str] = lambda _: ""  # noqa: E731  (nothing stands in the way of what is in no tree)
    if trees and verb in _WITHIN:
        sql, of = _WITHIN[verb]
        within = partial(of, _Trees({row[0]: _Node(*row) for row in _fetch(sql, {"ids": trees})}), _Changed())
    judged = []
    for id_, status, moved, in_tree, declared in found:
        cause = _plainly(status, fits, moved=moved)
        if not cause and verb == "replay" and not declared:
            cause = "no_code"
        judged.append(Judged(id_, status, cause or (within(id_) if in_tree else "")))
    return judged


def _plainly(status: str, fits: Iterable[str], *, moved: bool) -> str:
    if not status:
        return "gone"
    if status not in fits:
        return "status"
    return "moved" if moved else ""


def _retried(trees: _Trees, changed: _Changed, id_: UUID) -> str:
    """As engine/operate/tree judges a retry."""
    node = trees.nodes.get(id_)
    if node is None:
        return "gone"
    line, cause = _upwards(trees, node)
    if id_ in changed.here or not changed.below.isdisjoint(line):
        return "together"
    cause = _downwards(trees, node) or cause
    if not cause:
        changed.here.update(line)
        changed.below.add(id_)
    return cause


def _downwards(trees: _Trees, node: _Node) -> str:
    """Why it cannot be retried by the steps that made it fail, or be entered again."""
    if not node.is_workflow:
        return ""
    steps = [
        step for step in trees.below.get(node.id, ())
        if step.status == Status.FAILED and not step.dispensable and not step.consumed
    ]  # fmt: skip
    if steps:
        return next((cause for step in steps if (cause := _downwards(trees, step))), "")
    if node.undoing:
        return "compensated"
    return "step_cancelled" if node.lacks else ""


def _upwards(trees: _Trees, node: _Node) -> tuple[list[UUID], str]:
    """The workflows that have failed by it and wait for it again, and what refuses among them."""
    line: list[UUID] = []
    undoes = node.is_undo
    while node.parent_id is not None:
        above = trees.nodes.get(node.parent_id)
        if above is None:
            return line, "above_gone"
        if node.consumed:
            return line, "" if undoes else "consumed"
        if above.status == Status.CANCELLED:
            return line, "above_cancelled"
        if above.status != Status.FAILED or node.dispensable:
            return line, ""
        line.append(above.id)
        node = above
    return line, ""


def _cancelled(trees: _Trees, changed: _Changed, id_: UUID) -> str:
    """As engine/operate/cancel: a workflow takes its steps along, and what needs a cancelled step is skipped."""
    if id_ in changed.here:
        return "cancelled_with"
    node = trees.nodes.get(id_)
    if node is None:
        return "gone"
    if node.at_once:
        _end(trees, changed.here, node)
    return ""


def _end(trees: _Trees, ended: set[UUID], node: _Node) -> None:
    ended.add(node.id)
    open_ = [(node, node.is_workflow)]
    seen = {node.id}
    while open_:
        one, stops = open_.pop()
        for step in trees.below.get(one.id, ()) if stops else ():
            # Also below one that goes on for a while: its steps are of the same tree.
            if not step.detached and step.id not in seen:
                seen.add(step.id)
                open_.append((step, True))
                if step.at_once and step.status in FITS["cancel"]:
                    ended.add(step.id)
        for behind in trees.behind.get(one.id, ()) if one.id in ended else ():
            if behind not in seen and trees.nodes[behind].status == Status.BLOCKED:
                seen.add(behind)
                ended.add(behind)
                open_.append((trees.nodes[behind], False))


_WITHIN: dict[str, tuple[str, Callable[[_Trees, _Changed, UUID], str]]] = {
    "retry": (_FAILED, _retried),
    "cancel": (_OPEN, _cancelled),
}
"""The verbs to which it matters what else is chosen of a tree, and what it looks like."""


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
