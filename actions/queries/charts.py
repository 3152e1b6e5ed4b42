"""Series for charts: what was accepted, and what ended how, in each minute or hour. Of events, as the audit tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

MINUTE = 60
HOUR = 3_600
DAY = 86_400
LONGEST = 1_500
"""Buckets of a series."""

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
  GROUP BY 1
)
SELECT bucket.at, coalesce(accepted, 0), coalesce(succeeded, 0), coalesce(failed, 0), coalesce(retrying, 0), coalesce(in_doubt, 0)
FROM wanted CROSS JOIN generate_series(since, until, width) AS bucket (at) LEFT JOIN summed ON summed.at = bucket.at
ORDER BY bucket.at
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


def throughput(since: datetime, until: datetime, *, width: int = MINUTE, action: str = "") -> list[Bucket]:
    """Buckets of `width` seconds (whole minutes for two days back, whole hours for ever), of one action or of all.

    Raises ValueError for a width that cannot be, or more than 1,500 buckets.
    """
    if width < MINUTE or width % MINUTE or (until - since).total_seconds() / width > LONGEST:
        raise ValueError(f"no series of {width} s from {since} to {until}")
    span = MINUTE if width % HOUR else HOUR
    params: dict[str, Any] = {
        "width": f"{width} seconds",
        "since": since,
        "until": until,
        "span": span,
        "action": action,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, params)
        return [Bucket(*map(_number, row)) for row in cursor.fetchall()]


def _number(value: Any) -> Any:
    return value if isinstance(value, datetime) else int(value)
