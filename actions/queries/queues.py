"""Queues and workers as they stand: what waits, for how long, and who is there to do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from actions.queries.health import fresh_since
from actions.queries.listing import moment
from actions.queries.search import late

CAP = 10_000
"""Counts stop here."""
MINUTES = 60
"""Bars of a sparkline, one per minute."""
LATELY = 5
"""Minutes of which a pace is the mean."""
MOST_LIMITS = 100

# Each count is a scan of a partial index that stops at the cap; what is due is read level by level, past what is scheduled.
_STANDING = """, counted AS MATERIALIZED (
  SELECT queue, count(*) AS number FROM late GROUP BY queue)
SELECT queue.name, queue.paused_at, queue.paused_by, queue.paused_reason, queue.paused_until,
  due.number, later.number, due.oldest,
  running.number, running.busy, workers.live, workers.quiet,
  coalesce((SELECT number FROM counted WHERE counted.queue = queue.name), 0), (SELECT count(*) FROM looked)
FROM actions_queue AS queue
CROSS JOIN LATERAL (
  SELECT count(*) AS number, (
    SELECT min(first.available_at) FROM level CROSS JOIN LATERAL (
      SELECT available_at FROM actions_execution AS execution
      WHERE execution.queue = level.queue AND execution.priority = level.priority AND available_at <= now()
        AND status IN ('queued', 'retrying') ORDER BY available_at LIMIT 1) AS first
    WHERE level.queue = queue.name) AS oldest
  FROM (SELECT FROM level CROSS JOIN LATERAL (
          SELECT FROM actions_execution AS execution
          WHERE execution.queue = level.queue AND execution.priority = level.priority AND available_at <= now()
            AND status IN ('queued', 'retrying') LIMIT %(cap)s) AS one
        WHERE level.queue = queue.name LIMIT %(cap)s) AS found
) AS due
CROSS JOIN LATERAL (
  SELECT count(*) AS number
  FROM (SELECT FROM level CROSS JOIN LATERAL (
          SELECT FROM actions_execution AS execution
          WHERE execution.queue = level.queue AND execution.priority = level.priority AND available_at > now()
            AND status IN ('queued', 'retrying') LIMIT %(cap)s) AS one
        WHERE level.queue = queue.name LIMIT %(cap)s) AS found
) AS later
CROSS JOIN LATERAL (
  SELECT count(*) AS number, count(DISTINCT worker_id) AS busy
  FROM (SELECT worker_id FROM actions_execution AS execution
        WHERE status = 'running' AND execution.queue = queue.name LIMIT %(cap)s) AS found
) AS running
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE quiet_at IS NULL) AS live, count(*) FILTER (WHERE quiet_at IS NOT NULL) AS quiet
  FROM actions_worker
  WHERE stop_at IS NULL AND gone_at IS NULL AND heartbeat_at >= %(fresh)s AND queue.name = ANY (queues)
) AS workers
ORDER BY queue.name
"""
_QUEUES = late.LOOKED + _STANDING
_LIMITS = """
WITH running AS MATERIALIZED (
  SELECT action_id, count(*) AS number FROM actions_execution WHERE status = 'running' GROUP BY action_id)
SELECT action.name, action.queue, action.max_concurrency, coalesce(running.number, 0)
FROM actions_action AS action LEFT JOIN running ON running.action_id = action.name
WHERE action.declared AND action.max_concurrency IS NOT NULL
ORDER BY coalesce(running.number, 0) < action.max_concurrency, action.name LIMIT %(most)s
"""
# The tallies of an hour of minutes: a row for each action and minute, by the primary key. They know actions, whose queue is the
# one that the code names now.
_PACES = """
WITH wanted AS MATERIALIZED (
  SELECT date_trunc('minute', now()) - make_interval(mins => %(minutes)s - 1) AS since
), ended AS MATERIALIZED (
  SELECT tally.action, (extract(epoch FROM tally.at - since) / 60)::int AS place, tally.succeeded + tally.failed AS number
  FROM wanted, actions_tally AS tally WHERE tally.span = 60 AND tally.at >= (SELECT since FROM wanted)
), summed AS (
  SELECT action.queue, ended.place, sum(ended.number)::int AS number
  FROM ended JOIN actions_action AS action ON action.name = ended.action WHERE ended.number > 0 GROUP BY 1, 2)
SELECT queue, array_agg(place ORDER BY place), array_agg(number ORDER BY place) FROM summed GROUP BY queue
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue. Counts end at CAP."""

    name: str
    paused_at: datetime | None
    paused_by: str
    paused_reason: str
    paused_until: datetime | None
    due: int
    """Executions that could start now."""
    later: int
    """Executions whose time has not come."""
    oldest: datetime | None
    """Since when the oldest of those that are due waits."""
    running: int
    busy: int
    """Workers that have taken from it and are not through."""
    workers: int
    """Live workers that take from it."""
    quiet: int
    """Live workers that would, and are quiet."""
    late: int
    """Executions that are due for over a minute, and not paused."""
    looked: int
    """How many were looked at for that, in all queues; there may be others beyond late.MOST."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many are late in all queues; `more`: at least that many. `query` finds them."""

    number: int
    more: bool
    query: str = "is:late"


@dataclass(frozen=True, slots=True)
class Pace:
    """What ended in a queue: succeeded and failed, in each of the last minutes; the last one has not passed yet."""

    bars: tuple[int, ...] = (0,) * MINUTES

    @property
    def per_minute(self) -> float:
        """The mean of the last whole minutes, a few at most."""
        return sum(self.bars[-1 - LATELY : -1]) / LATELY


@dataclass(frozen=True, slots=True)
class Limit:
    """An action of which only so many may run at once."""

    action: str
    queue: str
    most: int
    running: int


def queues() -> list[QueueState]:
    """Every queue that was ever declared, by name."""
    params = {"cap": CAP + 1, "fresh": fresh_since(), **late.at(datetime.now(UTC))}
    return [QueueState(*row) for row in _fetch(_QUEUES, params)]


def overdue(states: Sequence[QueueState]) -> Overdue:
    """What is late in these queues together."""
    number = sum(state.late for state in states)
    return Overdue(min(number, CAP), number > CAP or any(state.looked > late.MOST for state in states))


def paces() -> dict[str, Pace]:
    """What ended lately, by queue; nothing of a queue in which nothing did. As late as the tallies: a few seconds."""
    found: dict[str, Pace] = {}
    for queue, places, numbers in _fetch(_PACES, {"minutes": MINUTES}):
        bars = dict(zip(places, numbers, strict=True))
        found[queue] = Pace(tuple(bars.get(place, 0) for place in range(MINUTES)))
    return found


def limits() -> list[Limit]:
    """Actions with `max_concurrency`, those that are at their limit first."""
    return [Limit(*row) for row in _fetch(_LIMITS, {"most": MOST_LIMITS})]


def as_json(one: QueueState) -> dict[str, Any]:
    """A queue as programs read it."""
    pause = {
        "at": moment(one.paused_at),
        "by": one.paused_by,
        "reason": one.paused_reason,
        "until": moment(one.paused_until),
    }
    return {
        "name": one.name,
        "due": one.due,
        "later": one.later,
        "late": one.late,
        "running": one.running,
        "oldest": moment(one.oldest),
        "workers": one.workers,
        "quiet": one.quiet,
        "paused": pause if one.paused_at else None,
    }


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
