"""The numbers of the first page. Each is what the list behind its `query` has, and each is bounded at any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.queries.search import EVERYTHING, Allowed, Count, Query, Term, Value, counted, parse
from actions.queries.search.clauses import id_at
from actions.states import Status

WINDOWS = ("-1h", "-24h", "-7d", "-30d")
"""What an overview offers, as the grammar says it."""
LARGEST_SAMPLE = 1_000
_NEWEST_FAILURES = 1_000
_OPEN = (Status.IN_DOUBT, Status.RETRYING, Status.RUNNING, Status.QUEUED, Status.WAITING, Status.BLOCKED)
"""Shown whatever their age: somebody, or something, still has to act."""
_ENDED = (Status.SUCCEEDED, Status.CANCELLED, Status.SKIPPED)

_FAILURES = """
SELECT action_id, class, count(*), min(finished_at), max(finished_at), (array_agg(message ORDER BY finished_at DESC))[1],
  (array_agg(id ORDER BY finished_at DESC))[1]
FROM (
  SELECT id, action_id, finished_at, coalesce(error->>'class', '') AS class, left(error->>'message', 240) AS message
  FROM actions_execution WHERE status = 'failed' AND finished_at >= %s
  ORDER BY finished_at DESC, id DESC LIMIT %s) AS newest
GROUP BY action_id, class
ORDER BY count(*) DESC, max(finished_at) DESC
LIMIT %s
"""
# A sample of each action's newest, by the index on (action, id); the pair of bounds as in the streams of a search.
_LATENCY = """
SELECT action.name, count(*), count(*) FILTER (WHERE status = 'failed'),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)::float8),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM started_at - available_at)::float8))
FROM unnest(%s::text[]) AS action (name) CROSS JOIN LATERAL (
  SELECT * FROM (
    SELECT status, started_at, finished_at, available_at FROM actions_execution
    WHERE action_id >= action.name AND action_id <= action.name AND id >= %s
    ORDER BY action_id DESC, id DESC LIMIT %s) AS newest
  WHERE status IN ('succeeded', 'failed') AND started_at IS NOT NULL) AS ended
GROUP BY action.name
ORDER BY action.name
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the search whose list it counts."""

    count: Count
    query: str


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one action and one class of error, among the newest."""

    action: str
    error: str
    """The class of the error."""
    number: int
    first: datetime
    last: datetime
    message: str
    """Of the newest."""
    newest: str
    """Its public id."""
    more: bool
    """Whether older failures of the window were not looked at."""
    query: str


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds that an action ran and waited, of its newest executions."""

    action: str
    number: int
    """Executions that this is about."""
    failed: int
    run_p50: float
    run_p95: float
    wait_p50: float
    wait_p95: float

    @property
    def failure_rate(self) -> float:
        """From 0 to 1."""
        return self.failed / self.number if self.number else 0.0


def figures(
    since: str = "-24h", *, zone: tzinfo = UTC, now: datetime | None = None, allowed: Allowed | None = EVERYTHING
) -> dict[Status, Figure]:
    """How many stand where: open ones whatever their age; failed ones that ended, others that were accepted `since`.

    Raises InvalidQuery when `since` is no time.
    """
    since = str(Value(since))
    texts = {Status.FAILED: f"state:failed finished-after:{since}"}
    texts.update({status: f"state:{status}" for status in _OPEN})
    texts.update({status: f"state:{status} after:{since}" for status in _ENDED})
    ordered = (Status.FAILED, *_OPEN, *_ENDED)
    found = counted([parse(texts[status], zone=zone, now=now) for status in ordered], allowed=allowed)
    return {status: Figure(count, texts[status]) for status, count in zip(ordered, found, strict=True)}


def failures(since: str = "-24h", number: int = 10, *, zone: tzinfo = UTC, now: datetime | None = None) -> list[Group]:
    """The failures since then by action and class of error, the most frequent first. Raises InvalidQuery."""
    query = parse(f"finished-after:{Value(since)}", zone=zone, now=now)
    (term,) = query.terms
    rows = _fetch(_FAILURES, [query.moment(term.values[0]), _NEWEST_FAILURES, number])
    looked_at = sum(row[2] for row in rows)
    return [
        Group(action, error, count, first, last, message or "", public_id(id_), looked_at >= _NEWEST_FAILURES,
              _group_query(action, error, term))
        for action, error, count, first, last, message, id_ in rows
    ]  # fmt: skip


def latency(actions: Sequence[str], *, since: datetime | None = None, sample: int = 200) -> list[Latency]:
    """How long these actions ran and waited, each by its newest `sample` (at most 1,000) executions since then."""
    lowest = UUID(int=0) if since is None else id_at(since)
    rows = _fetch(_LATENCY, [list(actions), lowest, min(sample, LARGEST_SAMPLE)])
    return [Latency(name, number, failed, *run, *wait) for name, number, failed, run, wait in rows]


def _group_query(action: str, error: str, term: Term) -> str:
    asked = [Term("state", (Value("failed"),)), Term("action", (Value(action),)), term]
    if error:
        asked.append(Term("error", (Value(error),)))
    return str(Query(tuple(asked)))


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
