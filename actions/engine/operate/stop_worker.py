"""stop one worker: its process ends as on SIGTERM, after what it is on."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.operate.worker import Told, details, permitted, told
from actions.models import Worker


def stop_worker(worker: str, *, actor: Actor, reason: str = "") -> Told:
    """Let its process end: what it is on ends, or is given back after the grace time; what it has not begun is given back.

    `worker` is its id. The pool that started it starts another one in its place. Where it was asked before, the answer says
    by whom. Raises Forbidden, ReasonRequired, WorkerNotFound, WorkerGone.
    """
    with access.acting():
        row, reason = permitted(worker, actor, reason)
        if row.stop_at is not None:
            return told(row, changed=False, by=row.stop_by, at=row.stop_at, reason=row.stop_reason)
        by = actor.label[:255]
        Worker.objects.filter(pk=row.pk).update(stop_at=Now(), stop_by=by, stop_reason=reason)
        ledger.record("worker.stopped", actor=actor, reason=reason, details=details(row))
        return told(row, changed=True, by=by, reason=reason)
