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

# Empty buckets too. What ended lately is counted a few seconds later.
_SERIES = """
SELECT bucket.at, coalesce(sum(accepted), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0), coalesce(sum(retrying), 0),
  coalesce(sum(in_doubt), 0)
FROM generate_series(
  date_bin(%(width)s::interval, %(since)s::timestamptz, 'epoch'), %(until)s::timestamptz, %(width)s::interval) AS bucket (at)
LEFT JOIN actions_tally AS tally ON tally.span = %(span)s AND tally.at >= bucket.at AND tally.at < bucket.at + %(width)s::interval
  AND (%(action)s = '' OR tally.action = %(action)s)
GROUP BY bucket.at
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
