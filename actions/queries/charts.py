"""Series for charts: what was accepted and what ended how, as the audit tells it, and how long executions ran and waited."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from actions import narrowing
from actions.queries.search.clauses import id_at

MINUTE = 60
HOUR = 3_600
DAY = 86_400
LONGEST = 1_500
"""Buckets of a series."""
SAMPLE = 40
"""Executions of a bucket whose times are looked at: its newest."""

# Empty buckets too. What ended lately is counted a few seconds later. Tallies are summed first, so that no plan of the join
# can read them once for each bucket.
_SERIES = """
WITH wanted AS (
  SELECT date_bin(%(width)s::interval, %(since)s::timestamptz, 'epoch') AS since, %(until)s::timestamptz AS until,
    %(width)s::interval AS width
), summed AS MATERIALIZED (
  SELECT date_bin(width, at, 'epoch') AS at, sum(accepted) AS accepted, sum(succeeded) AS succeeded, sum(failed) AS failed,
    sum(retrying) AS retrying, sum(in_doubt) AS in_doubt
  FROM wanted, actions_tally
  WHERE span = %(span)s AND at >= since AND at < until + width AND (%(action)s = '' OR action = %(action)s)
    AND (%(likes)s::text[] IS NULL OR action LIKE ANY (%(likes)s::text[]))
  GROUP BY 1
)
SELECT bucket.at, coalesce(accepted, 0), coalesce(succeeded, 0), coalesce(failed, 0), coalesce(retrying, 0), coalesce(in_doubt, 0)
FROM wanted CROSS JOIN generate_series(since, until, width) AS bucket (at) LEFT JOIN summed ON summed.at = bucket.at
ORDER BY bucket.at
"""
# A sample of each bucket, by the index on (action, id), whose ids are times; the pair of bounds as in stats.
_LATENCY = """
SELECT bucket.number, count(*),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)::float8),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM started_at - available_at)::float8))
FROM unnest(%(lows)s::uuid[], %(highs)s::uuid[]) WITH ORDINALITY AS bucket (low, high, number) CROSS JOIN LATERAL (
  SELECT * FROM (
    SELECT status, started_at, finished_at, available_at FROM actions_execution
    WHERE action_id >= %(action)s AND action_id <= %(action)s AND id >= bucket.low AND id < bucket.high
    ORDER BY action_id DESC, id DESC LIMIT %(sample)s) AS newest
  WHERE status IN ('succeeded', 'failed') AND started_at IS NOT NULL) AS ended
GROUP BY bucket.number
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One minute, hour or day, from `at` on."""

    at: datetime
    accepted: int
    succeeded: int
    failed: int
    """Failed for good; a try that will be repeated is `retrying`."""
    retrying: int
    in_doubt: int

    @property
    def failure_rate(self) -> float:
        """Of what ended, from 0 to 1."""
        ended = self.succeeded + self.failed
        return self.failed / ended if ended else 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds that executions accepted in one bucket ran and waited, of a sample; zeros where none has ended."""

    at: datetime
    number: int = 0
    run_p50: float = 0.0
    run_p95: float = 0.0
    wait_p50: float = 0.0
    wait_p95: float = 0.0


def throughput(since: datetime, until: datetime, *, width: int = MINUTE, action: str = "") -> list[Bucket]:
    """Buckets of `width` seconds (whole minutes for two days back, whole hours for ever), of one action or of all.

    Raises ValueError for a width that cannot be, or more than 1,500 buckets.
    """
    _check(since, until, width)
    span = MINUTE if width % HOUR else HOUR
    params: dict[str, Any] = {
        "width": f"{width} seconds",
        "since": since,
        "until": until,
        "span": span,
        "action": action,
        "likes": narrowing.likes(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, params)
        return [Bucket(*map(_number, row)) for row in cursor.fetchall()]


def latency(action: str, since: datetime, until: datetime, *, width: int = HOUR) -> list[Span]:
    """Buckets of `width` seconds, each about its newest executions (at most 40) of this action. Raises as throughput does."""
    _check(since, until, width)
    begin = int(since.timestamp()) // width * width
    first = since + timedelta(seconds=begin - since.timestamp())
    count = int((until - first).total_seconds()) // width + 1
    edges = [first + timedelta(seconds=width * place) for place in range(count + 1)]
    ids = [id_at(edge) for edge in edges]
    params: dict[str, Any] = {"lows": ids[:-1], "highs": ids[1:], "action": action, "sample": SAMPLE}
    with connection.cursor() as cursor:
        cursor.execute(_LATENCY, params)
        found = {place - 1: (number, *run, *wait) for place, number, run, wait in cursor.fetchall()}
    return [Span(edge, *found.get(place, ())) for place, edge in enumerate(edges[:-1])]


def _check(since: datetime, until: datetime, width: int) -> None:
    if width < MINUTE or width % MINUTE or (until - since).total_seconds() / width > LONGEST:
        raise ValueError(f"no series of {width} s from {since} to {until}")


def _number(value: Any) -> Any:
    return value if isinstance(value, datetime) else int(value)
