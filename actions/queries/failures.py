"""Failures as groups: what fails alike, how often and since when, and how many executions stand failed by it now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from actions import narrowing
from actions.errors import ErrorGroupNotFound
from actions.queries.listing import moment
from actions.queries.stats import CAP

HOURS = 48
"""Bars of a sparkline, one per hour."""
PAGE = 50
LISTED = 1_000
"""Executions that are counted for each group of a list."""
STATES = ("open", "resolved", "ignored")

# What failed again after it was resolved is open again, and so is what was ignored until a time that is past.
#
# The groups come by the index errorgroup_newest, which has the order but for equal times. What stands in each is read once, and
# so that one index alone can answer: the pair of bounds means equality, the order is that of execution_error_group, and the
# status is looked at afterwards. Where it is asked for beside the group, the planner may read all that has ever failed instead.
_GROUPS = """
WITH shown AS MATERIALIZED (
  SELECT *, CASE
      WHEN state = 'resolved' AND last_seen_at <= state_at THEN 'resolved'
      WHEN state = 'ignored' AND (ignored_until IS NULL OR ignored_until > now()) THEN 'ignored'
      ELSE 'open'
    END AS stands
  FROM actions_errorgroup
  WHERE (%(stands)s::text IS NULL
      OR (%(stands)s::text = 'resolved' AND state = 'resolved' AND last_seen_at <= state_at)
      OR (%(stands)s::text = 'ignored' AND state = 'ignored' AND (ignored_until IS NULL OR ignored_until > now()))
      OR (%(stands)s::text = 'open' AND (state = 'open' OR (state = 'resolved' AND last_seen_at > state_at)
        OR (state = 'ignored' AND ignored_until <= now()))))
    AND (%(action)s::text IS NULL OR action = %(action)s::text)
    AND (%(likes)s::text[] IS NULL OR action LIKE ANY (%(likes)s::text[]))
    AND (%(names)s::text[] IS NULL OR fingerprint = ANY (%(names)s::text[]))
    AND (%(before)s::timestamptz IS NULL OR last_seen_at <= %(before)s::timestamptz)
    AND (%(before)s::timestamptz IS NULL OR (last_seen_at, fingerprint) < (%(before)s::timestamptz, %(before_print)s::text))
  ORDER BY last_seen_at DESC, fingerprint DESC
  LIMIT %(size)s
)
SELECT fingerprint, action, code, error_class, place, message, count, first_seen_at, last_seen_at, stands,
  state = 'resolved' AND stands = 'open', state_by, state_at, ignored_until, note,
  standing.failed, standing.number - standing.failed, standing.number >= %(cap)s,
  (SELECT coalesce(jsonb_object_agg(extract(epoch FROM hour)::bigint, count), '{}') FROM actions_errortally AS tally
    WHERE tally.fingerprint = shown.fingerprint AND tally.hour >= %(since)s::timestamptz)
FROM shown CROSS JOIN LATERAL (
  SELECT count(*) AS number, count(*) FILTER (WHERE newest.status = 'failed') AS failed
  FROM (
    SELECT execution.status FROM actions_execution AS execution
    WHERE execution.status IN ('failed', 'in_doubt', 'retrying')
      AND actions_error_group(execution.action_id, execution.error) >= shown.fingerprint
      AND actions_error_group(execution.action_id, execution.error) <= shown.fingerprint
    ORDER BY actions_error_group(execution.action_id, execution.error), execution.id DESC
    LIMIT %(cap)s) AS newest) AS standing
ORDER BY last_seen_at DESC, fingerprint DESC
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of failures as a page shows it."""

    fingerprint: str
    action: str
    code: str
    error_class: str
    place: str
    message: str
    count: int
    """Failed tries since the group is known."""
    first_seen_at: datetime
    last_seen_at: datetime
    stands: str
    """open, resolved or ignored, as of now."""
    regressed: bool
    """Whether it was resolved and has failed since."""
    state_by: str
    state_at: datetime | None
    ignored_until: datetime | None
    note: str
    failed: int
    """Executions that stand failed by it now."""
    unsettled: int
    """Executions that are in doubt or retrying by it now."""
    more: bool
    """Whether more stand by it than were counted: the newest CAP, or in a list LISTED."""
    hours: tuple[int, ...]
    """Failed tries in each of the last HOURS hours, the oldest first."""


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups, the newest failure first, and where the next page begins (None: there is none)."""

    groups: Sequence[Group]
    next: tuple[datetime, str] | None


def groups(*, stands: str | None = "open", action: str | None = None, before: tuple[datetime, str] | None = None,
           size: int = PAGE) -> GroupPage:  # fmt: skip
    """The groups that stand open (or resolved, ignored; None: all), those that failed last first."""
    found = _fetch(stands=stands, action=action, before=before, size=size + 1, cap=LISTED)
    more = found[size - 1] if len(found) > size else None
    return GroupPage(found[:size], (more.last_seen_at, more.fingerprint) if more else None)


def group(fingerprint: str) -> Group:
    """One group. Raises ErrorGroupNotFound."""
    found = _fetch(names=[fingerprint], cap=CAP) if _is_name(fingerprint) else []
    if not found:
        raise ErrorGroupNotFound
    return found[0]


def named(fingerprints: Sequence[str]) -> list[Group]:
    """Those of these groups that there are, counted as a list does."""
    names = [name for name in fingerprints if _is_name(name)]
    return _fetch(names=names, size=len(names), cap=LISTED) if names else []


def _is_name(text: str) -> bool:
    return text.isalnum() and len(text) == 32


def counts(*, action: str | None = None) -> dict[str, int]:
    """How many groups stand how."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"action": action, "likes": narrowing.likes()})
        return dict(zip(STATES, cursor.fetchone(), strict=True))


def open_groups() -> int:
    """How many stand open, at most CAP."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"cap": CAP, "likes": narrowing.likes()})
        return int(cursor.fetchone()[0])


def as_json(one: Group) -> dict[str, Any]:
    """A group as programs read it."""
    return {
        "group": one.fingerprint,
        "action": one.action,
        "error": {"class": one.error_class, "code": one.code, "message": one.message, "place": one.place},
        "state": one.stands,
        "regressed": one.regressed,
        "said": None
        if one.state_at is None
        else {"by": one.state_by, "at": moment(one.state_at), "note": one.note, "until": moment(one.ignored_until)},
        "tries": one.count,
        "failed": one.failed,
        "unsettled": one.unsettled,
        "more": one.more,
        "first_seen_at": moment(one.first_seen_at),
        "last_seen_at": moment(one.last_seen_at),
    }


_COUNTS = """
SELECT count(*) - count(*) FILTER (WHERE resolved) - count(*) FILTER (WHERE ignored),
  count(*) FILTER (WHERE resolved), count(*) FILTER (WHERE ignored)
FROM (
  SELECT state = 'resolved' AND last_seen_at <= state_at AS resolved,
    state = 'ignored' AND (ignored_until IS NULL OR ignored_until > now()) AS ignored
  FROM actions_errorgroup
  WHERE (%(action)s::text IS NULL OR action = %(action)s::text)
    AND (%(likes)s::text[] IS NULL OR action LIKE ANY (%(likes)s::text[]))) AS found
"""
_OPEN = """
SELECT count(*) FROM (
  SELECT FROM actions_errorgroup
  WHERE NOT (state = 'resolved' AND last_seen_at <= state_at)
    AND NOT (state = 'ignored' AND (ignored_until IS NULL OR ignored_until > now()))
    AND (%(likes)s::text[] IS NULL OR action LIKE ANY (%(likes)s::text[]))
  LIMIT %(cap)s) AS found
"""


def _fetch(
    *,
    stands: str | None = None,
    action: str | None = None,
    names: list[str] | None = None,
    before: tuple[datetime, str] | None = None,
    size: int = 1,
    cap: int,
) -> list[Group]:
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    since = this_hour - timedelta(hours=HOURS - 1)
    params = {
        "stands": stands,
        "action": action,
        "likes": narrowing.likes(),
        "names": names,
        "before": before and before[0],
        "before_print": before and before[1],
        "size": size,
        "cap": cap,
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, params)
        rows = cursor.fetchall()
    return [Group(*(*row[:-1], _bars(row[-1], since))) for row in rows]


def _bars(tally: Any, since: datetime) -> tuple[int, ...]:
    counts = json.loads(tally)
    begin = int(since.timestamp())
    return tuple(int(counts.get(str(begin + 3600 * hour), 0)) for hour in range(HOURS))
