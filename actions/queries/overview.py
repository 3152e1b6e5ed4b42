"""The numbers of the first page. Each is what the list behind its `query` has, and each is bounded at any size."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.queries.search import CAP, Query, counted, parse
from actions.queries.search.clauses import id_at
from actions.queries.search.grammar import Value
from actions.states import Status

NOW = (Status.RETRYING, Status.RUNNING, Status.QUEUED, Status.WAITING, Status.BLOCKED)
"""What stands so now is counted whatever its age: somebody, or something, still has to act."""
ENDED = (Status.FAILED, Status.IN_DOUBT, Status.SUCCEEDED, Status.CANCELLED, Status.SKIPPED)
"""What has ended, or stands still, is counted where it was accepted in the window."""
_LOOKED = 10_000
"""Executions among which those that succeeded are counted, which have no index of their own: as far as the list's count looks."""

# Each by the partial index that has its status, up to the cap; the pairs of bounds, and what is wrapped, as in the streams of a
# search. What is now has no lower bound.
_FIGURES = """
SELECT 'queued', count(*), count(*) > %(cap)s FROM (
  SELECT FROM actions_execution WHERE status IN ('queued', 'retrying') AND status || '' = 'queued' LIMIT %(cap)s + 1) AS found
UNION ALL
SELECT 'retrying', count(*), count(*) > %(cap)s FROM (
  SELECT FROM actions_execution WHERE status IN ('queued', 'retrying') AND status || '' = 'retrying' LIMIT %(cap)s + 1) AS found
UNION ALL
SELECT 'running', count(*), count(*) > %(cap)s FROM (
  SELECT FROM actions_execution WHERE status = 'running' LIMIT %(cap)s + 1) AS found
UNION ALL
SELECT kind.name, found.number, found.number > %(cap)s
FROM unnest(%(names)s::text[], %(lowest)s::uuid[]) AS kind (name, lowest) CROSS JOIN LATERAL (
  SELECT count(*) AS number FROM (
    SELECT FROM actions_execution
    WHERE status IN ('blocked', 'cancelled', 'failed', 'in_doubt', 'skipped', 'waiting')
      AND status >= kind.name AND status <= kind.name AND id >= kind.lowest
    ORDER BY status DESC, id DESC LIMIT %(cap)s + 1) AS newest) AS found
UNION ALL
SELECT 'succeeded', count(*) FILTER (WHERE status = 'succeeded'), count(*) > %(looked)s FROM (
  SELECT status FROM actions_execution WHERE id >= %(since)s::uuid ORDER BY id DESC LIMIT %(looked)s + 1) AS newest
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """How many executions have a status, and the search whose list that counts. `more`: at least that many."""

    status: Status
    number: int
    more: bool
    query: str


def figures(
    since: str = "-24h", *, zone: tzinfo = UTC, now: datetime | None = None
) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """How many stand where now, whatever their age, and what became of those that were accepted `since`. One query.

    Raises InvalidQuery when `since` is no time.
    """
    since = str(Value(since))
    window = parse(f"after:{since}", zone=zone, now=now)
    asked = [parse(f"state:{status}", zone=zone, now=window.now) for status in NOW]
    asked += [parse(f"state:{status} after:{since}", zone=zone, now=window.now) for status in ENDED]
    found = _everything(window) if narrowing.reader() is None else _visible(asked)
    shown = [Figure(status, *found[status], str(query)) for status, query in zip((*NOW, *ENDED), asked, strict=True)]
    return tuple(shown[: len(NOW)]), tuple(shown[len(NOW) :])


def _everything(window: Query) -> dict[str, tuple[int, bool]]:
    lowest = id_at(window.moment(window.terms[0].values[0]))
    unusual = {Status.WAITING: UUID(int=0), Status.BLOCKED: UUID(int=0)} | {
        status: lowest for status in ENDED if status != Status.SUCCEEDED
    }
    params: dict[str, Any] = {
        "cap": CAP,
        "looked": _LOOKED,
        "since": lowest,
        "names": [status.value for status in unusual],
        "lowest": list(unusual.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, params)
        return {name: (min(number, CAP), more) for name, number, more in cursor.fetchall()}


def _visible(asked: list[Query]) -> dict[str, tuple[int, bool]]:
    """The same for who sees only some actions: by the streams of these."""
    return {count.status.value: (count.number, count.more) for count in counted(asked, many_wait=True)}
