"""Queues and workers now: what waits, since when, and who is at work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from actions.ids import public_id
from actions.queries.health import fresh_since
from actions.queries.search.counts import CAP
from actions.queries.search.grammar import Value

MOST_WORKERS = 500

# Each queue's due rows by the index of the claims, which has all that is counted; running ones are as many as workers.
_QUEUES = """
WITH running AS MATERIALIZED (SELECT queue, count(*) AS number FROM actions_execution WHERE status = 'running' GROUP BY queue),
workers AS MATERIALIZED (
  SELECT queue, count(*) AS number FROM actions_worker, unnest(queues) AS queue
  WHERE gone_at IS NULL AND heartbeat_at >= %(fresh)s GROUP BY queue)
SELECT queue.name, queue.paused_at, queue.paused_by, queue.paused_reason, queue.paused_until,
  pending.due, pending.scheduled, pending.oldest,
  coalesce(running.number, 0), coalesce(workers.number, 0)
FROM actions_queue AS queue
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE available_at <= now()) AS due, count(*) FILTER (WHERE available_at > now()) AS scheduled,
    min(available_at) FILTER (WHERE available_at <= now()) AS oldest
  FROM (
    SELECT available_at FROM actions_execution WHERE queue = queue.name AND status IN ('queued', 'retrying')
    ORDER BY priority, available_at LIMIT %(cap)s) AS first) AS pending
LEFT JOIN running ON running.queue = queue.name
LEFT JOIN workers ON workers.queue = queue.name
ORDER BY queue.name
"""
_WORKERS = """
SELECT worker.id, worker.name, worker.host, worker.pid, worker.queues, worker.started_at, worker.heartbeat_at, worker.gone_at,
  execution.id, execution.action_id, execution.started_at
FROM (
  SELECT * FROM actions_worker WHERE gone_at IS NULL ORDER BY id DESC LIMIT %s) AS worker
LEFT JOIN LATERAL (
  SELECT id, action_id, started_at FROM actions_execution WHERE worker_id = worker.id AND status = 'running'
  ORDER BY started_at, id LIMIT 1) AS execution ON true
ORDER BY worker.heartbeat_at DESC, worker.id
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue now. Numbers of what waits stop at 10,000 (`more`), those of the smallest priority first."""

    name: str
    paused_at: datetime | None
    paused_by: str
    paused_reason: str
    paused_until: datetime | None
    due: int
    scheduled: int
    oldest: datetime | None
    """When the one that has waited longest became due; None when nothing waits."""
    running: int
    workers: int
    """Live workers that take from it."""

    @property
    def more(self) -> bool:
        """Whether there may be more than was counted."""
        return self.due + self.scheduled > CAP

    @property
    def query(self) -> str:
        """The search for what waits in it."""
        return f"state:queued,retrying queue:{Value(self.name)}"


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker that has not left; silent when its heartbeat is older than its lease."""

    id: int
    name: str
    host: str
    pid: int
    queues: list[str]
    started_at: datetime
    heartbeat_at: datetime
    gone_at: datetime | None
    current: str
    """The public id of the execution that it is on, else empty."""
    action: str
    since: datetime | None
    silent: bool


def queues() -> list[QueueState]:
    """Every queue that was ever declared, by name. One statement."""
    return [QueueState(*row) for row in _fetch(_QUEUES, {"fresh": fresh_since(), "cap": CAP + 1})]


def workers() -> list[WorkerState]:
    """Workers that have not left, those heard last first, at most 500. One statement."""
    fresh = fresh_since()
    return [
        WorkerState(*(*row[:8], public_id(row[8]) if row[8] else "", row[9] or "", row[10], row[6] < fresh))
        for row in _fetch(_WORKERS, [MOST_WORKERS])
    ]


def _fetch(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
