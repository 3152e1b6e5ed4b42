"""The worker that a verb is about, as it stands when the verb looks, and what the verb did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions import conf
from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.ledger import WORKER_LOCK
from actions.engine.statements import fetch
from actions.errors import WorkerGone, WorkerNotFound, WorkerStopping
from actions.models import Worker

_LARGEST = 2**31


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker was told. It does so when it hears of it: within one heartbeat."""

    worker: int
    place: str
    """Its host and process."""
    changed: bool
    """Whether it was not so before."""
    hears: bool
    """Whether it is connected now; otherwise it hears of it only if it comes back."""
    heard_at: datetime
    """Its last heartbeat."""
    by: str = ""
    """Whose word stands: the first one's."""
    at: datetime | None = None
    reason: str = ""


def permitted(worker: str, actor: Actor, reason: str) -> tuple[Worker, str]:
    """The worker of that id, locked, and the reason, checked; for an actor who may manage workers.

    Raises Forbidden, ReasonRequired, WorkerNotFound, WorkerGone.
    """
    access.require(actor, "manage_workers", subject=f"worker {worker[:20]}")
    reason = access.checked_reason(actor, reason)
    number = int(worker) if worker.isascii() and worker.isdecimal() and len(worker) <= 10 else 0
    # Locked against the heartbeat too: what it has not heard when this commits, it hears with the next beat.
    row = Worker.objects.select_for_update(no_key=True).filter(pk=number).first() if 0 < number < _LARGEST else None
    if row is None:
        raise WorkerNotFound(f"There is no worker {worker[:20]!r}; nothing was changed.")
    if row.gone_at is not None:
        raise WorkerGone(
            f"The worker {row.pk} ({row}) ended at {row.gone_at:%Y-%m-%d %H:%M:%S} UTC; nothing was changed. "
            "What it ran was given back or rescued."
        )
    return row, reason


def not_stopping(row: Worker) -> None:
    """Raise WorkerStopping where it was asked to stop."""
    if row.stop_at is not None:
        raise WorkerStopping(
            f"The worker {row.pk} ({row}) was asked to stop by {row.stop_by} at {row.stop_at:%Y-%m-%d %H:%M:%S} UTC, "
            "which cannot be taken back; nothing was changed."
        )


def told(row: Worker, *, changed: bool, by: str = "", at: datetime | None = None, reason: str = "") -> Told:
    """What the verb answers."""
    hears = bool(fetch("worker_hears", {"id": row.pk, "lock": WORKER_LOCK, "lease": conf.get().LEASE})[0][0])
    return Told(row.pk, str(row), changed, hears, row.heartbeat_at, by, at, reason)


def details(row: Worker) -> dict[str, Any]:
    """What the audit keeps of the worker."""
    return {"worker": row.pk, "host": row.host, "process": row.pid, "queues": row.queues}
