"""How many executions of each status fit a query: what the tabs above a list say. One statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from actions.queries.search.grammar import Query
from actions.queries.search.listing import statement
from actions.queries.search.plan import EVERYTHING, Allowed, Planner
from actions.queries.search.words import Catalogue
from actions.states import Status

CAP = 10_000
"""Counts stop here; what is beyond reads `10,000+`."""
_SHARE = 2
"""Of a page's window, because a count looks at one for each status."""
_UNION = " UNION ALL "
_COUNTED = "SELECT %s AS status, count(counted.id), bool_or(counted.end_id IS NOT NULL) FROM ("
_COUNTED_END = ") AS counted"


@dataclass(frozen=True, slots=True)
class Count:
    """How many have a status; `more`: at least that many, because the count stopped at the cap or at a window's end."""

    status: Status
    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"


def by_status(
    query: Query,
    *,
    allowed: Allowed | None = EVERYTHING,
    statuses: Iterable[Status] = tuple(Status),
    cap: int = CAP,
    planner: Planner | None = None,
) -> dict[Status, Count]:
    """For each status, what the list of this query has when it asks for that status in the place of its own.

    Slow where the list is (a search that looks at a window does so for each status): ask for it after the page, with
    the `planner` of that, if it was asked for just now.
    """
    planner = planner or Planner(query, allowed)
    wanted = list(statuses)
    partial = False
    parts: list[str] = []
    params: list[Any] = []
    for status in wanted:
        plan = planner.plan_of(status.value)
        partial |= plan.partial
        if not plan.empty:
            sql, values = statement(plan, None, cap + 1, _ID, share=_SHARE)
            parts.append(_COUNTED + sql + _COUNTED_END)
            params += [status.value, *values]
    found = {status: Count(status, 0, partial) for status in wanted}
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(_UNION.join(parts), params)
            for name, number, windowed in cursor.fetchall():
                more = number > cap or bool(windowed) or partial
                found[Status(name)] = Count(Status(name), min(number, cap), more)
    return found


_ID = "execution.id, execution.finished_at"


def counted(
    queries: Sequence[Query], *, allowed: Allowed | None = EVERYTHING, cap: int = CAP, many_wait: bool = False
) -> list[Count]:
    """How many rows the list of each query has, in their order; each asks for one status. One statement for all, beside what
    their planners look up; `many_wait` as there."""
    parts: list[str] = []
    params: list[Any] = []
    statuses: list[Status] = []
    catalogue = Catalogue()
    for place, query in enumerate(queries):
        (status,) = query.statuses or ()
        statuses.append(Status(status))
        plan = Planner(query, allowed, many_wait=many_wait, catalogue=catalogue).plan_of(status)
        if not plan.empty:
            sql, values = statement(plan, None, cap + 1, _ID, share=_SHARE)
            parts.append(_COUNTED + sql + _COUNTED_END)
            params += [str(place), *values]
    found = [Count(status, 0) for status in statuses]
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(_UNION.join(parts), params)
            for place, number, windowed in cursor.fetchall():
                found[int(place)] = Count(statuses[int(place)], min(number, cap), number > cap or bool(windowed))
    return found


def total(query: Query, *, allowed: Allowed | None = EVERYTHING, cap: int = CAP) -> Count | None:
    """How many the list of this query has, None for a query that is limited to no status that there is."""
    statuses = [Status(name) for name in (query.statuses if query.statuses is not None else tuple(Status))]
    if not statuses:
        return None
    counts = by_status(query, allowed=allowed, statuses=statuses, cap=cap).values()
    number = sum(count.number for count in counts)
    return Count(statuses[0], min(number, cap), number > cap or any(count.more for count in counts))
