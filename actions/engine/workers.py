"""Worker rows: registering with an advisory lock, the heartbeat, and who is live."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from actions import conf
from actions.engine.ledger import WORKER_LOCK
from actions.engine.statements import raw

# What was asked of a process stays asked when it registers again.
# The lock comes before the row, so that no live worker is ever seen with a free lock. The sequence keeps ids apart, also
# after a crash of the server, because this commit is waited for.
_REGISTER = """
WITH fresh AS MATERIALIZED (
    SELECT nextval('actions_worker_ids')::int AS id, set_config('synchronous_commit', 'on', true)),
  locked AS MATERIALIZED (SELECT id, pg_advisory_lock(%(lock)s, id) FROM fresh)
INSERT INTO actions_worker (
  id, name, host, pid, queues, started_at, heartbeat_at, quiet_at, quiet_by, quiet_reason, stop_at, stop_by, stop_reason)
SELECT locked.id, %(name)s, %(host)s, %(pid)s, %(queues)s, now(), now(),
  before.quiet_at, coalesce(before.quiet_by, ''), coalesce(before.quiet_reason, ''),
  before.stop_at, coalesce(before.stop_by, ''), coalesce(before.stop_reason, '')
FROM locked LEFT JOIN actions_worker AS before ON before.id = %(before)s
RETURNING id
"""
_BEAT = """
UPDATE actions_worker SET heartbeat_at = now(), current = %(current)s WHERE id = %(id)s AND gone_at IS NULL
RETURNING quiet_at IS NOT NULL, stop_at IS NOT NULL
"""
_REATTACH = """
WITH mine AS MATERIALIZED (SELECT pg_try_advisory_lock(%(lock)s, %(id)s) AS locked),
  kept AS (
    UPDATE actions_worker SET heartbeat_at = now() FROM mine WHERE id = %(id)s AND gone_at IS NULL AND locked RETURNING id)
SELECT locked, EXISTS (SELECT FROM kept) FROM mine
"""
_LEAVE = "UPDATE actions_worker SET gone_at = now(), current = NULL WHERE id = %(id)s AND gone_at IS NULL"
_REPORT = """
WITH noted AS (
  UPDATE actions_attempt SET progress = %(progress)s::jsonb
  WHERE execution_id = %(id)s AND number = %(attempt)s AND outcome IS NULL AND %(progress)s::text IS NOT NULL
)
SELECT cancel_requested_at IS NOT NULL FROM actions_execution WHERE id = %(id)s AND attempt = %(attempt)s
"""
_COUNT = """
SELECT count(*) FILTER (WHERE quiet_at IS NULL), count(*) FILTER (WHERE quiet_at IS NOT NULL)
FROM actions_worker
WHERE gone_at IS NULL AND stop_at IS NULL AND heartbeat_at > now() - make_interval(secs => %(lease)s) AND %(queue)s = ANY (queues)
"""
# A worker that has lost its lock is gone once nothing runs in its name any more; its last row says until when it lived.
_BURY = """
UPDATE actions_worker AS worker SET gone_at = now(), current = NULL
WHERE gone_at IS NULL AND heartbeat_at < now() - make_interval(secs => %(lease)s)
  AND NOT EXISTS (SELECT FROM actions_execution WHERE worker_id = worker.id AND status = 'running')
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a worker process says of itself."""

    name: str
    host: str
    pid: int
    queues: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What operators ask of a worker."""

    quiet: bool
    """To take nothing new."""
    stop: bool
    """To end after what it is on."""


def register(connection: psycopg.Connection[Any], registration: Registration, *, before: int = 0) -> int:
    """A new worker row, locked by `connection` for as long as that lives; returns its id. `before` is the one that this
    process had until now: what was asked of it is asked of the new one."""
    row = connection.execute(
        _REGISTER,
        {
            "lock": WORKER_LOCK,
            "name": registration.name[:100],
            "host": registration.host[:255],
            "pid": registration.pid,
            "queues": registration.queues,
            "before": before,
        },
    ).fetchone()
    assert row is not None
    return int(row[0])


def reattach(connection: psycopg.Connection[Any], *, worker: int) -> tuple[bool, bool]:
    """Take the lock of `worker` again in a new session: whether it was free, and whether the name was still ours."""
    row = connection.execute(_REATTACH, {"lock": WORKER_LOCK, "id": worker}).fetchone()
    assert row is not None
    return bool(row[0]), bool(row[1])


def beat(connection: psycopg.Connection[Any], *, worker: int, current: UUID | None) -> Asked | None:
    """Say that `worker` lives, and hear what is asked of it; None when it has been declared gone."""
    row = connection.execute(_BEAT, {"id": worker, "current": current}).fetchone()
    return Asked(*row) if row else None


def leave(connection: psycopg.Connection[Any], *, worker: int) -> None:
    """Say that `worker` ends in good order."""
    connection.execute(_LEAVE, {"id": worker})


def report(connection: psycopg.Connection[Any], *, id: UUID, attempt: int, progress: str | None) -> bool:  # noqa: A002
    """Store an attempt's progress, apart from its handler's transaction; True when it was asked to stop, or is over."""
    row = connection.execute(_REPORT, {"id": id, "attempt": attempt, "progress": progress}).fetchone()
    return row is None or bool(row[0])


def count_live(queue: str) -> tuple[int, int]:
    """Workers of `queue` whose heartbeat is fresh: how many take from it, and how many are quiet."""
    with psycopg.Cursor(raw()) as cursor:
        row = cursor.execute(_COUNT, {"queue": queue, "lease": conf.get().LEASE}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def bury() -> list[int]:
    """Mark silent workers with nothing left to rescue as gone; returns their ids."""
    with psycopg.Cursor(raw()) as cursor:
        return [int(row[0]) for row in cursor.execute(_BURY, {"lease": conf.get().LEASE}).fetchall()]
