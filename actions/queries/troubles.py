"""What waits for somebody: failures that nobody has handled, and executions in doubt."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from actions.ids import public_id
from actions.queries.search import unhandled
from actions.queries.search.clauses import OPEN
from actions.states import Status

_WINDOW = 2_000
"""Failures among which the newest open ones are looked for, where more are open than are read whole."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed execution, as an overview shows it."""

    public_id: str
    action: str
    cause: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Troubles:
    """What waits for somebody: some of it, and how many failures are open; `more`: at least that many."""

    failed: list[Failure]
    in_doubt: list[Failure]
    open: int
    more: bool
    query: str = "is:open"
    """What finds them."""


# The newest of them, where all were looked at; else the first that are open among the newest that failed. A union keeps the order
# of its parts.
_NEWEST = """, many AS MATERIALIZED (
  SELECT (SELECT count(*) FROM looked) = %(most)s OR (SELECT count(*) FROM handled) = %(groups)s AS many
), newest AS MATERIALIZED (
  (SELECT id, finished_at FROM open WHERE NOT (SELECT many FROM many) ORDER BY finished_at DESC, id DESC LIMIT %(number)s)
  UNION ALL
  (SELECT execution.id, execution.finished_at FROM (
    SELECT id, action_id, status, error, attempt, handled_attempt, finished_at FROM actions_execution
    WHERE status = 'failed' AND (SELECT many FROM many)
    ORDER BY finished_at DESC, id DESC LIMIT %(window)s) AS execution
  WHERE execution.action_id LIKE ANY (%(likes)s::text[]) AND """
_NEWEST_END = """
  ORDER BY execution.finished_at DESC, execution.id DESC LIMIT %(number)s)
)
SELECT NULL::text, NULL::uuid, NULL::text, NULL::text, NULL::timestamptz, (SELECT count(*) FROM open), (SELECT many FROM many)
UNION ALL
(SELECT execution.status, execution.id, execution.action_id, left(execution.error->>'message', 240), newest.finished_at, 0, false
 FROM newest JOIN actions_execution AS execution ON execution.id = newest.id
 ORDER BY newest.finished_at DESC, newest.id DESC)
UNION ALL
(SELECT status, id, action_id, left(error->>'message', 240), started_at, 0, false
 FROM actions_execution
 WHERE status IN ('blocked', 'cancelled', 'failed', 'in_doubt', 'skipped', 'waiting')
   AND status >= 'in_doubt' AND status <= 'in_doubt' AND action_id LIKE ANY (%(likes)s::text[])
 ORDER BY status, id LIMIT %(number)s)
"""
_TROUBLES = unhandled.OPEN + _NEWEST + OPEN + _NEWEST_END


def troubles(number: int) -> Troubles:
    """Failed executions that ended last among those that nobody has handled, and how many these are; and those that have waited
    longest for somebody to say what happened. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLES, {**unhandled.bounds(), "number": number, "window": _WINDOW})
        rows = cursor.fetchall()
    found: dict[str, list[Failure]] = {Status.FAILED: [], Status.IN_DOUBT: []}
    for status, row_id, action, cause, at, _, _ in rows[1:]:
        found[status].append(Failure(public_id(row_id), action, cause or "", at))
    open_, more = rows[0][-2:]
    return Troubles(found[Status.FAILED], found[Status.IN_DOUBT], min(open_, unhandled.MOST), more)
