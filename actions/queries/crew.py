"""Workers as they stand: who takes, who is quiet, who is silent, and what each is on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.models import Worker
from actions.queries.health import fresh_since

MOST_WORKERS = 200
"""Workers of a list."""
STATES = ("live", "quiet", "stopping", "silent", "gone")
"""Takes; takes nothing new; ends; has not been heard for a lease; has ended."""

# What runs is read once, by its own partial index: as many rows as all workers hold.
_WORKERS = """
WITH running AS MATERIALIZED (
  SELECT worker_id, count(*) AS number FROM actions_execution WHERE status = 'running' GROUP BY worker_id
), standing AS (
  SELECT *, CASE WHEN gone_at IS NOT NULL THEN 'gone' WHEN heartbeat_at < %(fresh)s THEN 'silent'
    WHEN stop_at IS NOT NULL THEN 'stopping' WHEN quiet_at IS NOT NULL THEN 'quiet' ELSE 'live' END AS state
  FROM actions_worker WHERE gone_at IS NULL OR gone_at > now() - interval '1 hour')
SELECT id, name, host, pid, queues, started_at, heartbeat_at, current, gone_at, state, coalesce(running.number, 0),
  quiet_at, quiet_by, quiet_reason, stop_at, stop_by, stop_reason
FROM standing LEFT JOIN running ON running.worker_id = standing.id
WHERE %(state)s = '' OR state = %(state)s
ORDER BY gone_at IS NOT NULL, started_at DESC, id DESC LIMIT %(most)s
"""


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
    state: str
    """One of STATES."""
    held: int
    """Executions that it has taken and not ended."""
    quiet_at: datetime | None
    quiet_by: str
    quiet_reason: str
    stop_at: datetime | None
    stop_by: str
    stop_reason: str

    @property
    def current(self) -> str:
        """The execution at its last heartbeat; empty for none."""
        return public_id(self.current_id) if self.current_id and self.gone_at is None else ""

    @property
    def heard(self) -> bool:
        """Whether it has certainly heard what was asked of it last."""
        asked = self.stop_at or self.quiet_at
        return asked is None or self.heartbeat_at > asked


def workers(state: str = "") -> list[WorkerState]:
    """Those that are there first, the latest started first; of one state alone, where that is one of STATES."""
    wanted = state if state in STATES else ""
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, {"most": MOST_WORKERS, "fresh": fresh_since(), "state": wanted})
        return [WorkerState(*row) for row in cursor.fetchall()]


def worker(number: int) -> Worker | None:
    """One worker's row; None where there is none."""
    return Worker.objects.filter(pk=number).first() if 0 < number < 2**31 else None


def as_json(one: WorkerState) -> Mapping[str, Any]:
    """What commands print of a worker."""
    asked = {
        name: {"at": at.isoformat(), "by": by, "reason": reason}
        for name, at, by, reason in (
            ("quiet", one.quiet_at, one.quiet_by, one.quiet_reason),
            ("stop", one.stop_at, one.stop_by, one.stop_reason),
        )
        if at is not None
    }
    return {
        "id": one.id,
        "name": one.name,
        "host": one.host,
        "process": one.pid,
        "queues": list(one.queues),
        "state": one.state,
        "current": one.current or None,
        "held": one.held,
        "started_at": one.started_at.isoformat(),
        "heartbeat_at": one.heartbeat_at.isoformat(),
        "gone_at": one.gone_at.isoformat() if one.gone_at else None,
        "asked": asked,
    }
