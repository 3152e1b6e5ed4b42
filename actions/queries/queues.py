"""Queues and workers as they stand: what waits, for how long, and who is there to do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.queries.health import fresh_since

CAP = 10_000
"""Counts stop here."""
MOST_WORKERS = 200

# Each count is a scan of a partial index that stops at the cap.
_QUEUES = """
SELECT queue.name, queue.paused_at, queue.paused_by, queue.paused_reason, queue.paused_until,
  due.number, later.number, due.oldest,
  running.number, workers.number
FROM actions_queue AS queue
CROSS JOIN LATERAL (
  SELECT count(*) AS number, min(available_at) AS oldest
  FROM (SELECT available_at FROM actions_execution AS execution
        WHERE status IN ('queued', 'retrying') AND execution.queue = queue.name AND available_at <= now() LIMIT %(cap)s) AS found
) AS due
CROSS JOIN LATERAL (
  SELECT count(*) AS number
  FROM (SELECT FROM actions_execution AS execution
        WHERE status IN ('queued', 'retrying') AND execution.queue = queue.name AND available_at > now() LIMIT %(cap)s) AS found
) AS later
CROSS JOIN LATERAL (
  SELECT count(*) AS number
  FROM (SELECT FROM actions_execution AS execution
        WHERE status = 'running' AND execution.queue = queue.name LIMIT %(cap)s) AS found
) AS running
CROSS JOIN LATERAL (
  SELECT count(*) AS number FROM actions_worker
  WHERE gone_at IS NULL AND heartbeat_at >= %(fresh)s AND queue.name = ANY (queues)
) AS workers
ORDER BY queue.name
"""
_WORKERS = """
SELECT id, name, host, pid, queues, started_at, heartbeat_at, current, gone_at, heartbeat_at >= %(fresh)s
FROM actions_worker
WHERE gone_at IS NULL OR gone_at > now() - interval '1 hour'
ORDER BY gone_at IS NOT NULL, started_at DESC LIMIT %(most)s
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
    workers: int
    """Live workers that serve it."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker process; of those that left, the ones of the last hour."""

    id: int
    name: str
    host: str
    pid: int
    queues: Sequence[str]
    started_at: datetime
    heartbeat_at: datetime
    current_id: UUID | None
    gone_at: datetime | None
    fresh: bool

    @property
    def state(self) -> str:
        """live, silent or gone."""
        return "gone" if self.gone_at else "live" if self.fresh else "silent"

    @property
    def current(self) -> str:
        """The execution at its last heartbeat; empty for none."""
        return public_id(self.current_id) if self.current_id and self.gone_at is None else ""


def queues() -> list[QueueState]:
    """Every queue that was ever declared, by name."""
    return [QueueState(*row) for row in _fetch(_QUEUES, {"cap": CAP + 1, "fresh": fresh_since()})]


def workers() -> list[WorkerState]:
    """Those at work first, the latest started first."""
    return [WorkerState(*row) for row in _fetch(_WORKERS, {"most": MOST_WORKERS, "fresh": fresh_since()})]


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
