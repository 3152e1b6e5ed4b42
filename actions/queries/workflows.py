"""One workflow to look at: its steps, what it waits for, what it was told, and how far it is undone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.models import Execution
from actions.queries import steps
from actions.queries.steps import UNDO, Brief, Tree
from actions.states import FINISHED, Status

MOST_EVENTS = 50
"""Events shown, the newest."""
MOST_AWAITED = 10
MOST_BESIDE = 50
"""Prerequisites, and sources of params, that a step's page names."""
_LONGEST_PAYLOAD = 20_000

# One row without an event where there is none: the deadline comes along.
_TOLD = """
SELECT (SELECT (value#>>'{}')::float8 FROM actions_memory WHERE execution_id = %(id)s AND key = 'deadline'), event.*
FROM (SELECT) AS always LEFT JOIN LATERAL (
  SELECT id, name, at, actor_kind, actor_label, taken_by, octet_length(payload::text),
    CASE WHEN octet_length(payload::text) <= %(longest)s THEN payload::text END
  FROM actions_externalevent WHERE execution_id = %(id)s ORDER BY at DESC, id DESC LIMIT %(most)s) AS event ON true
"""
# What a cancel takes along: steps that have not ended, as the engine's own statement finds them.
_OPEN = """
WITH RECURSIVE below AS (
  SELECT id, action_id, status FROM actions_execution WHERE parent_id = %(id)s AND NOT detached
  UNION ALL
  SELECT step.*
  FROM below CROSS JOIN LATERAL (
    SELECT id, action_id, status FROM actions_execution WHERE parent_id = below.id AND NOT detached OFFSET 0) AS step
)
SELECT
  count(*) FILTER (WHERE status IN ('blocked', 'queued', 'retrying', 'waiting') OR status = 'running' AND effects = 'database'),
  count(*) FILTER (WHERE status = 'running' AND effects IS DISTINCT FROM 'database'),
  count(*) FILTER (WHERE status = 'in_doubt')
FROM below LEFT JOIN actions_action AS action ON action.name = action_id
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the workflow was told."""

    id: UUID
    name: str
    at: datetime
    actor_kind: str
    actor_label: str
    taken_by: str | None
    """The wait that took it."""
    size: int | None
    """Characters of its payload; None where it has none."""
    text: str | None
    """The payload as JSON text, unless it is long."""

    @property
    def payload(self) -> Any:
        """The payload; None where it has none, or a long one."""
        return None if self.text is None else json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Waits:
    """What a suspended workflow waits for: all of these steps, or the event, or the time; whichever comes first."""

    steps: Sequence[Brief]
    """Those that have not ended, the first few."""
    more_steps: int
    event: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Undo:
    """One finished step, and the step that undoes it."""

    key: str
    by: Brief

    @property
    def done(self) -> bool:
        """Whether it is undone."""
        return self.by.status == Status.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Told:
    """The deadline of a workflow, and its events, the newest first."""

    deadline: datetime | None = None
    events: Sequence[Event] = ()
    more_events: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """What a cancel takes along."""

    cancelled: int
    asked: int
    """Steps at work outside, which are asked to stop."""
    in_doubt: int
    """Steps that stay in doubt."""


def told(execution: Execution) -> Told:
    """What a workflow was told, and when its time is up."""
    params = {"id": execution.pk, "most": MOST_EVENTS + 1, "longest": _LONGEST_PAYLOAD}
    rows = _fetch(_TOLD, params)
    events = [Event(*row) for _, *row in rows if row[0] is not None]
    seconds = rows[0][0]
    deadline = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return Told(deadline, events[:MOST_EVENTS], len(events) > MOST_EVENTS)


def waits(execution: Execution, tree: Tree, deadline: datetime | None) -> Waits | None:
    """What it waits for now; None where it does not wait."""
    if execution.status != Status.WAITING:
        return None
    found = [tree.known[id_] for id_ in sorted(execution.awaits or ()) if id_ in tree.known]
    open_ = [brief for brief in found if brief.status not in FINISHED]
    until = execution.wake_at
    if until is not None and deadline is not None and abs((until - deadline).total_seconds()) < 0.001:
        until = None
    return Waits(open_[:MOST_AWAITED], max(0, len(open_) - MOST_AWAITED), execution.awaited_event, until)


def undone(execution: Execution, tree: Tree) -> list[Undo]:
    """What compensation has undone and still has to, in its order; empty where it has not begun, or nothing is to be."""
    undos = [brief for brief in tree.known.values() if brief.parent_id == execution.pk and brief.key.startswith(UNDO)]
    return [Undo(brief.key.removeprefix(UNDO), brief) for brief in sorted(undos, key=lambda brief: brief.id)]


def open_below(execution_id: UUID) -> Open:
    """The steps that a cancel of this workflow cancels too."""
    return Open(*_fetch(_OPEN, {"id": execution_id})[0])


def tree_of(execution: Execution, kind: str | None) -> Tree:
    """Its steps where it may have some (of one whose action is gone, nobody knows), and what surrounds it as a step."""
    beside = [*(execution.prerequisites or ())[:MOST_BESIDE], *(one["from"] for one in sources(execution))]
    return steps.look(execution.pk, below=kind in {None, "workflow"}, beside=beside)


def sources(execution: Execution) -> list[dict[str, Any]]:
    """Which params of a step come from results of others: at, from (id) and path; the first few."""
    return [{**one, "from": UUID(one["from"])} for one in (execution.inputs or ())[:MOST_BESIDE]]


def why_no_retry(execution: Execution, kind: str | None) -> str:
    """Why a failed execution cannot be retried; empty where it can."""
    if kind != "workflow" and execution.parent_id is None:
        return ""
    tree = steps.look(execution.pk, below=kind == "workflow")
    return steps.refusal(tree, execution.pk)


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
