"""A page of executions that fit a query, newest first: one statement, whatever the size of the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.errors import InvalidInput
from actions.ids import public_id
from actions.queries import listing
from actions.queries.search.clauses import Clause
from actions.queries.search.cursors import Place, place_of
from actions.queries.search.grammar import Query
from actions.queries.search.plan import EVERYTHING, Allowed, Plan, Planner, plan_of

LARGEST_PAGE = 200
LONGEST_CAUSE = 240
"""Characters of an error's message that lists show."""

_COLUMNS = (
    "id, action_id, queue, priority, status, attempt, tries, losses, error->>'code' AS code, error->>'message' AS message, "
    "actor_kind, actor_id, actor_label, tags, created_at, available_at, started_at, finished_at, parent_id, step, "
    "idempotency_key, replay_of_id"
)
# The names of workflows are few, and are read once in a statement.
_IS_WORKFLOW = "execution.action_id IN (SELECT name FROM actions_action WHERE kind = 'workflow') AS is_workflow"
COLUMNS = ", ".join([*("execution." + column for column in _COLUMNS.split(", ")), _IS_WORKFLOW])
# The place where the window ends, if rows are left beyond it; then the rows down to there.
_WINDOW = "WITH window_end AS MATERIALIZED (SELECT id, finished_at FROM ("
_WINDOW_END = ") AS ends ORDER BY "
_PAGE = " LIMIT 1) SELECT window_end.id AS end_id, window_end.finished_at AS end_at, found.* FROM (SELECT) AS always"
_PAGE_ROWS = " LEFT JOIN window_end ON true LEFT JOIN (SELECT * FROM ("
_PAGE_END = " LIMIT %s) AS found ON true ORDER BY "
_UNION = " UNION ALL "
_NO_WINDOW = "SELECT NULL::uuid AS id, NULL::timestamptz AS finished_at WHERE false"
_ORDERS = {
    (False, True): "id DESC",
    (False, False): "id",
    (True, True): "finished_at DESC, id DESC",
    (True, False): "finished_at, id",
}
_OUTER = {
    (False, True): "found.id DESC",
    (False, False): "found.id",
    (True, True): "found.finished_at DESC, found.id DESC",
    (True, False): "found.finished_at, found.id",
}
_END = {True: "execution.id, execution.finished_at", False: "execution.id, NULL::timestamptz AS finished_at"}
_NTH = " OFFSET %s LIMIT 1"
_WITHIN_ID = {
    True: " AND execution.id >= coalesce((SELECT id FROM window_end), '00000000-0000-0000-0000-000000000000'::uuid)",
    False: " AND execution.id <= coalesce((SELECT id FROM window_end), 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)",
}
_WITHIN_END = {
    True: " AND (execution.finished_at, execution.id) >= (coalesce((SELECT finished_at FROM window_end), '-infinity'),"
    " coalesce((SELECT id FROM window_end), '00000000-0000-0000-0000-000000000000'::uuid))",
    False: " AND (execution.finished_at, execution.id) <= (coalesce((SELECT finished_at FROM window_end), 'infinity'),"
    " coalesce((SELECT id FROM window_end), 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One execution, as lists show it."""

    id: UUID
    action: str
    queue: str
    priority: int
    status: str
    attempt: int
    tries: int
    losses: int
    code: str | None
    message: str | None
    actor_kind: str
    actor_id: str
    actor_label: str
    tags: list[str]
    created_at: datetime
    available_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    parent: UUID | None
    step: str | None
    key: str | None
    replay_of: UUID | None
    is_workflow: bool

    @property
    def public_id(self) -> str:
        """exec_ and 26 characters."""
        return public_id(self.id)

    @property
    def workflow(self) -> str:
        """The public id of the workflow that it is a step of, else empty."""
        return public_id(self.parent) if self.parent else ""

    @property
    def cause(self) -> str:
        """The beginning of its error's message, empty when it has none."""
        return (self.message or "")[:LONGEST_CAUSE]

    @property
    def duration(self) -> float | None:
        """Seconds from the start of its latest attempt to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0.0, (self.finished_at - self.started_at).total_seconds())

    def as_dict(self) -> dict[str, Any]:
        """The same as the API gives it: queries.listing.summary."""
        return listing.summary(
            {
                "id": self.id, "action_id": self.action, "queue": self.queue, "priority": self.priority,
                "status": self.status, "attempt": self.attempt, "tries": self.tries, "losses": self.losses,
                "error": None if self.code is None and self.message is None
                else {"code": self.code, "message": self.message},
                "actor_kind": self.actor_kind, "actor_id": self.actor_id, "actor_label": self.actor_label,
                "tags": self.tags, "created_at": self.created_at, "available_at": self.available_at,
                "started_at": self.started_at, "finished_at": self.finished_at, "parent_id": self.parent,
                "step": self.step,
            }
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """Some executions, with the cursors of the pages beside it (None: there is none)."""

    rows: tuple[Row, ...]
    next: str | None
    """Older ones."""
    previous: str | None
    """Newer ones."""
    limited: bool
    """Whether the search stopped at the end of its window before the page was full; `next` goes on from there."""
    sentences: tuple[str, ...]
    """What the reader should know: how words were read, how far was looked."""
    by_end: bool
    """Whether it is ordered by when they ended, not by when they were accepted."""


def page(
    query: Query,
    *,
    cursor: str = "",
    limit: int = 50,
    allowed: Allowed | None = EVERYTHING,
    planner: Planner | None = None,
) -> Page:
    """The executions that fit a query and that the reader may see, from a cursor on, at most `limit` (1 to 200).

    `planner` is the one of this query, where something else was asked of it before: what it has looked up is not looked up again.
    Raises InvalidQuery for a cursor that is none of this list, InvalidInput for another limit.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_query", f"limit lies between 1 and {LARGEST_PAGE}, not {limit}.", path="limit")
    plan = (planner or Planner(query, allowed)).plan()
    place = place_of(cursor, by_end=plan.by_end)
    if plan.empty:
        return Page((), None, None, False, plan.sentences, plan.by_end)
    rows, end = read(plan, place, limit + 1)
    return _page(plan, place, rows, end, limit)


def read(
    plan: Plan, place: Place | None, number: int, columns: str = COLUMNS
) -> tuple[list[tuple[Any, ...]], Place | None]:
    """The first rows of a plan from a place on, and where its window ends (None: it reaches to the end)."""
    sql, params = statement(plan, place, number, columns)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = cursor.fetchall()
    end_id, end_at = found[0][:2]
    end = None if end_id is None else Place(end_id, end_at if plan.by_end else None, bool(place and place.back))
    return [row[2:] for row in found if row[2] is not None], end


def statement(
    plan: Plan, place: Place | None, number: int, columns: str = COLUMNS, *, share: int = 1
) -> tuple[str, list[Any]]:
    """The statement of `read`: where the window ends, and the rows. `share` divides the window."""
    down = not (place and place.back)
    bounds = [*plan.bounds, *beyond(plan, place)]
    within = "".join(" AND " + clause.sql for clause in bounds)
    within_params = [param for clause in bounds for param in clause.params]
    ends: list[str] = []
    params: list[Any] = []
    if plan.bounded:
        for stream in plan.streams:
            if not stream.fenced:
                ends.append(stream.sql(_END[plan.by_end], within, _NTH, descending=down))
                params += stream.values(*within_params, max(plan.window // share, 1) - 1)
    order = _ORDERS[plan.by_end, down]
    rest = "".join(" AND " + clause.sql for clause in plan.rest)
    rest_params = [param for clause in plan.rest for param in clause.params]
    edge = (_WITHIN_END if plan.by_end else _WITHIN_ID)[down] if ends else ""
    rows: list[str] = []
    row_params: list[Any] = []
    for stream in plan.streams:
        rows.append(stream.sql(columns, within + edge + rest, " LIMIT %s", descending=down))
        row_params += stream.values(*within_params, *rest_params, number)
    sql = (
        _WINDOW + (_UNION.join(ends) or _NO_WINDOW) + _WINDOW_END + order + _PAGE + _PAGE_ROWS
        + _UNION.join(rows) + ") AS streams ORDER BY " + order + _PAGE_END + _OUTER[plan.by_end, down]
    )  # fmt: skip
    return sql, [*params, *row_params, number]


def beyond(plan: Plan, place: Place | None) -> list[Clause]:
    """What is asked of rows on the other side of a place."""
    if place is None:
        return []
    if plan.by_end:
        pair = "(execution.finished_at, execution.id)"
        return [Clause(pair + (" > (%s, %s)" if place.back else " < (%s, %s)"), (place.at, place.id))]
    return [Clause("execution.id > %s" if place.back else "execution.id < %s", (place.id,))]


def _page(plan: Plan, place: Place | None, found: list[tuple[Any, ...]], end: Place | None, limit: int) -> Page:
    back = bool(place and place.back)
    rows = [Row(*row) for row in found[:limit]]
    more = len(found) > limit
    limited = len(found) < limit and end is not None
    if back:
        rows.reverse()
    on = _beside(plan, rows[0 if back else -1], back=back) if more else (str(end) if end else None)
    home = None
    if place is not None:
        home = _beside(plan, rows[-1 if back else 0], back=not back) if rows else str(place.turned)
    sentences = plan.sentences
    if limited and end is not None:
        sentences = (*sentences, _window_sentence(plan, end))
    return Page(tuple(rows), home if back else on, on if back else home, limited, sentences, plan.by_end)


def _beside(plan: Plan, row: Row, *, back: bool) -> str:
    return str(Place(row.id, row.finished_at if plan.by_end else None, back))


def _window_sentence(plan: Plan, end: Place) -> str:
    moment = end.at or datetime.fromtimestamp((end.id.int >> 80) / 1000, UTC)
    way = "up to" if end.back else "back to"
    return (
        f"This search looks at {plan.window * plan.number:,} executions at a time; it has looked {way} "
        f"{moment:%Y-%m-%d %H:%M} UTC, and there are more. "
        "The next page goes on from there; a state, an action or a time makes it exact."
    )


def every(query: Query, *, allowed: Allowed | None = EVERYTHING, size: int = 1_000) -> Iterator[Row]:
    """Everything that fits, newest first, `size` at a time: for exports and bulk. Rows that come meanwhile are not seen."""
    plan = plan_of(query, allowed=allowed)
    place: Place | None = None
    while not plan.empty:
        rows, end = read(plan, place, size)
        yield from (Row(*row) for row in rows)
        if len(rows) == size:
            last = Row(*rows[-1])
            place = Place(last.id, last.finished_at if plan.by_end else None)
        elif end is not None:
            place = end
        else:
            return
