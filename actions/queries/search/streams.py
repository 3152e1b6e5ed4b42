"""From where a search reads: streams of rows that an index gives in the order of the list.

Each stream is read backwards from its newest row and stops as soon as the page is full. The pairs of bounds mean equality,
but leave only the wanted index to give the order: with = the planner walks the primary key through millions of others' rows
in search of what is rare.
"""

from dataclasses import dataclass, replace
from typing import Any

from actions.states import Status

WINDOW = 20_000
"""Executions that a search looks at, for one page, where no index answers all of it."""
SCATTERED_WINDOW = 10_000
"""The same where they lie scattered over the table's pages."""
UNUSUAL = (Status.BLOCKED, Status.CANCELLED, Status.FAILED, Status.IN_DOUBT, Status.SKIPPED, Status.WAITING)
"""Statuses that have an index of their own (execution_unusual): few executions come to them."""
PENDING = (Status.QUEUED, Status.RETRYING)

_SELECT = "SELECT "
_NAMED = "(SELECT found.* FROM unnest(%s::text[]) AS stream (name) CROSS JOIN LATERAL ("
_NAMED_END = ") AS found)"
_FENCED = " FROM (SELECT * FROM actions_execution WHERE "
_FENCED_END = " OFFSET 0) AS execution WHERE true"
_PLAIN = " FROM actions_execution AS execution WHERE "


@dataclass(frozen=True, slots=True)
class Stream:
    """One source of rows: a condition that an index answers, and the order in which it does."""

    where: str
    params: tuple[Any, ...] = ()
    order: tuple[str, ...] = ("execution.id",)
    names: tuple[str, ...] | None = None
    """One stream for each of these, called stream.name in `where`."""
    fenced: bool = False
    """Small enough to be read whole; the index does not give the order."""
    by_end: bool = False
    """Ordered by finished_at, not by id."""
    contrary: tuple[str, ...] = ()
    """Columns of the order that go the other way, because they do in the index."""

    @property
    def number(self) -> int:
        """How many streams it is."""
        return 1 if self.names is None else len(self.names)

    @property
    def window(self) -> int:
        """How many of its rows are looked at where the index does not answer all of a search."""
        return WINDOW if self.where == ALL.where else SCATTERED_WINDOW

    @property
    def names_actions(self) -> bool:
        """Whether it has rows of the actions alone that it names."""
        return self.where.startswith(("execution.action_id ", "action_id "))

    def by_finish(self) -> "Stream":
        """The same, ordered by when they finished, for what is fenced."""
        return replace(self, order=FAILED_BY_END.order, by_end=True)

    def sql(self, columns: str, conditions: str, last: str, *, descending: bool = True) -> str:
        """The statement of its rows; the values: of `names`, `params`, `conditions`, `last`."""
        place = _FENCED + self.where + _FENCED_END if self.fenced else _PLAIN + self.where
        order = " ORDER BY " + ", ".join(self._way(column, descending) for column in self.order)
        body = _SELECT + columns + place + conditions + order + last
        return f"({body})" if self.names is None else _NAMED + body + _NAMED_END

    def _way(self, column: str, descending: bool) -> str:
        return column + (" DESC" if descending != (column in self.contrary) else "")

    def values(self, *more: Any) -> list[Any]:
        """The values of `sql`'s placeholders, when `more` are those of its conditions and its end."""
        return [*([] if self.names is None else [list(self.names)]), *self.params, *more]


ALL = Stream("true")
FAILED_BY_END = Stream(
    "execution.status = 'failed'",
    order=("execution.finished_at", "execution.id"),
    by_end=True,
)
_FAILED_OF = Stream(
    "execution.action_id >= stream.name AND execution.action_id <= stream.name AND execution.status = 'failed'",
    order=("execution.action_id", "execution.finished_at", "execution.id"),
    by_end=True,
)
_UNUSUAL = Stream(
    "execution.status IN ('blocked', 'cancelled', 'failed', 'in_doubt', 'skipped', 'waiting')"
    " AND execution.status >= stream.name AND execution.status <= stream.name",
    order=("execution.status", "execution.id"),
)
# The status that is asked for is wrapped: of 'retrying' the planner would prove that other indexes have it too, and read them
# whole beside the one that is meant.
_PENDING = Stream("status IN ('queued', 'retrying') AND status || '' = ANY (%s::text[])", fenced=True)
_RUNNING = Stream("status = 'running'", fenced=True)
_ACTIONS = Stream(
    "execution.action_id >= stream.name AND execution.action_id <= stream.name",
    order=("execution.action_id", "execution.id"),
)
_SCHEDULES = Stream(
    "execution.actor_kind = 'schedule' AND execution.actor_id >= stream.name AND execution.actor_id <= stream.name",
    order=("execution.actor_id", "execution.id"),
)
_GROUP = "actions_error_group(execution.action_id, execution.error)"
_GROUPS = Stream(
    "execution.status IN ('failed', 'in_doubt', 'retrying')"
    " AND actions_error_group(execution.action_id, execution.error) >= stream.name"
    " AND actions_error_group(execution.action_id, execution.error) <= stream.name",
    order=(_GROUP, "execution.id"),
    contrary=(_GROUP,),
)
NUMBER_OF_GROUPS = """
SELECT count(*) FROM unnest(%s::text[]) AS stream (name) CROSS JOIN LATERAL (
  SELECT FROM actions_execution WHERE status IN ('failed', 'in_doubt', 'retrying')
    AND actions_error_group(action_id, error) >= stream.name AND actions_error_group(action_id, error) <= stream.name
  LIMIT %s) AS found
"""
"""How many executions stand in these groups of failures, up to a bound for each."""
NUMBER = """
SELECT count(*) FROM unnest(%s::text[]) AS stream (name) CROSS JOIN LATERAL (
  SELECT FROM actions_execution WHERE action_id >= stream.name AND action_id <= stream.name LIMIT %s) AS found
"""
"""How many executions these actions have, up to a bound for each."""
BACKLOG = (
    "SELECT count(*) FROM (SELECT FROM actions_execution WHERE status IN ('queued', 'retrying') LIMIT %s) AS found"
)
"""How many are due or scheduled, up to a bound: beyond it, they are no small stream."""


def of_statuses(statuses: tuple[str, ...]) -> list[Stream]:
    """Streams of what has one of these statuses, of which succeeded is none."""
    found: list[Stream] = []
    names = tuple(status for status in statuses if status in UNUSUAL)
    if names:
        found.append(replace(_UNUSUAL, names=names))
    pending = [status for status in statuses if status in PENDING]
    if pending:
        found.append(replace(_PENDING, params=(pending,)))
    if Status.RUNNING in statuses:
        found.append(_RUNNING)
    return found


def of_actions(names: tuple[str, ...]) -> Stream:
    """Streams of these actions' executions."""
    return replace(_ACTIONS, names=names)


def of_failed(names: tuple[str, ...]) -> Stream:
    """Streams of what has failed of these actions, ordered by when it did."""
    return replace(_FAILED_OF, names=names)


def of_schedules(ids: tuple[str, ...]) -> Stream:
    """Streams of what these schedules have asked for."""
    return replace(_SCHEDULES, names=ids)


def of_groups(names: tuple[str, ...]) -> Stream:
    """Streams of the executions in these groups of failures."""
    return replace(_GROUPS, names=names)


def of_small_groups(names: tuple[str, ...]) -> Stream:
    """All executions in groups of failures that have few."""
    return Stream(
        "status IN ('failed', 'in_doubt', 'retrying') AND actions_error_group(action_id, error) = ANY (%s::text[])",
        (list(names),),
        fenced=True,
    )


def of_rare(names: tuple[str, ...]) -> Stream:
    """All executions of actions that have few."""
    return Stream("action_id = ANY (%s::text[])", (list(names),), fenced=True)


def of_ids(column: str, ids: list[Any]) -> Stream:
    """What is called so, belongs to these workflows, was done by these bulk operations, or replays these executions."""
    return Stream(_BY_ID[column], (ids,), fenced=True)


_BY_ID = {
    "id": "id = ANY (%s::uuid[])",
    "parent": "parent_id = ANY (%s::uuid[])",
    # At most as many as one operation takes. As an array, so that each is looked up by its id whatever the planner thinks.
    "bulk": "id = ANY (ARRAY(SELECT coalesce(made, execution_id) FROM actions_bulkitem"
    " WHERE operation_id = ANY (%s::uuid[]) AND outcome = 'done'))",
    "replay": "replay_of_id = ANY (%s::uuid[]) AND replay_of_id IS NOT NULL",
}
