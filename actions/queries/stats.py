"""How many executions stand where. Bounded: a page asks this often, and a count(*) over millions takes seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.ids import public_id
from actions.queries import search
from actions.states import Status

CAP = 10_000
"""Counts stop here; what is beyond reads `10,000+`."""
RECENT = 200
"""How many of an action's newest executions its counts look at: each is a page of the table, and a list has many actions."""
_SMALL = 64 * 1024 * 1024
"""Bytes of table up to which counting everything is quick."""

# One statement, of which one half runs: everything is counted while the table is small. Beyond, one branch per partial index,
# so that each is an index scan that stops at the cap; what has no index of its own comes from the planner's statistics.
_BY_STATUS = """
WITH size AS MATERIALIZED (
  SELECT pg_relation_size('actions_execution'::regclass) <= %(small)s AS small
), capped (status, number) AS (
  SELECT 'queued', (SELECT count(*) FROM (
    SELECT FROM actions_execution WHERE status IN ('queued', 'retrying') AND status = 'queued' LIMIT %(cap)s) AS found)
  FROM size WHERE NOT small
  UNION ALL SELECT 'retrying', (SELECT count(*) FROM (
    SELECT FROM actions_execution WHERE status IN ('queued', 'retrying') AND status = 'retrying' LIMIT %(cap)s) AS found)
  FROM size WHERE NOT small
  UNION ALL SELECT 'running', (SELECT count(*) FROM (
    SELECT FROM actions_execution WHERE status = 'running' LIMIT %(cap)s) AS found)
  FROM size WHERE NOT small
  UNION ALL SELECT 'failed', (SELECT count(*) FROM (
    SELECT FROM actions_execution WHERE status = 'failed' LIMIT %(cap)s) AS found)
  FROM size WHERE NOT small
  UNION ALL SELECT 'in_doubt', (SELECT count(*) FROM (
    SELECT FROM actions_execution WHERE status = 'in_doubt' LIMIT %(cap)s) AS found)
  FROM size WHERE NOT small
)
SELECT 'capped', status, number FROM capped
UNION ALL
SELECT 'exact', found.status, found.number
FROM size CROSS JOIN LATERAL (SELECT status, count(*) AS number FROM actions_execution WHERE small GROUP BY status) AS found
UNION ALL
SELECT 'estimated', value, (frequency * greatest(reltuples, 0))::bigint
FROM size, pg_class, pg_stats, unnest(most_common_vals::text::text[], most_common_freqs) AS common (value, frequency)
WHERE NOT small AND oid = 'actions_execution'::regclass AND schemaname = current_schema()
  AND tablename = 'actions_execution' AND attname = 'status'
"""
# The pair of bounds means equality, but leaves only the index on (action, id) to give the order: with = the planner walks
# the primary key through millions of others' rows in search of an action that is rare.
_BY_ACTION = """
SELECT action.name, recent.status, recent.number, last.id, last.status, last.at
FROM unnest(%(names)s::text[]) AS action (name)
LEFT JOIN LATERAL (
  SELECT status, count(*) AS number
  FROM (
    SELECT status FROM actions_execution WHERE action_id >= action.name AND action_id <= action.name
    ORDER BY action_id DESC, id DESC LIMIT %(recent)s) AS newest
  GROUP BY status) AS recent ON true
LEFT JOIN LATERAL (
  SELECT id, status, coalesce(finished_at, started_at, created_at) AS at
  FROM actions_execution WHERE action_id >= action.name AND action_id <= action.name
  ORDER BY action_id DESC, id DESC LIMIT 1) AS last ON true
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many executions have a status. `more`: at least that many; `estimated`: about that many."""

    status: Status
    number: int
    more: bool = False
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest executions of one action: how many of each status, and the newest of them all."""

    counts: tuple[Count, ...] = ()
    last_id: str = ""
    last_status: str = ""
    last_at: datetime | None = None

    @property
    def partial(self) -> bool:
        """Whether there may be more than were counted."""
        return sum(count.number for count in self.counts) >= RECENT


def by_status() -> dict[Status, Count]:
    """Every status with its number, exact while the table is small, bounded or estimated beyond. Of what the reader sees."""
    if narrowing.reader() is not None:
        query = search.parse("")
        seen = search.by_status(query, planner=search.Planner(query, many_wait=True))
        return {status: Count(status, seen[status].number, more=seen[status].more) for status in Status}
    found: dict[str, dict[str, int]] = {"exact": {}, "estimated": {}, "capped": {}}
    for how, name, number in _fetch(_BY_STATUS, {"small": _SMALL, "cap": CAP + 1}):
        found[how][name] = number
    if not found["capped"]:
        return {status: Count(status, found["exact"].get(status.value, 0)) for status in Status}
    counts = {status: Count(status, found["estimated"].get(status.value, 0), estimated=True) for status in Status}
    for name, number in found["capped"].items():
        counts[Status(name)] = Count(Status(name), min(number, CAP), more=number > CAP)
    return counts


def by_action(names: Sequence[str]) -> dict[str, Recent]:
    """What became of each named action's newest executions."""
    counted: dict[str, list[Count]] = {name: [] for name in names}
    last: dict[str, tuple[UUID, str, datetime]] = {}
    for name, status, number, last_id, last_status, at in _fetch(_BY_ACTION, {"names": list(names), "recent": RECENT}):
        if status is not None:
            counted[name].append(Count(Status(status), number))
            last[name] = (last_id, last_status, at)
    order = list(Status)
    return {
        name: Recent(
            tuple(sorted(counts, key=lambda count: order.index(count.status))),
            *((public_id(last[name][0]), *last[name][1:]) if name in last else ()),
        )
        for name, counts in counted.items()
    }


def _fetch(sql: str, params: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
