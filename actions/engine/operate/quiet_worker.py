"""quiet and resume one worker: it ends what it has and takes nothing new, until somebody lets it take again."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.operate.worker import Told, details, not_stopping, permitted, told
from actions.models import Worker


def quiet_worker(worker: str, *, actor: Actor, reason: str = "") -> Told:
    """Let it end what it has and take nothing new; the process stays. `worker` is its id.

    Where it was so before, the answer says whose word stands. Raises Forbidden, ReasonRequired, WorkerNotFound, WorkerGone,
    WorkerStopping.
    """
    with access.acting():
        row, reason = permitted(worker, actor, reason)
        not_stopping(row)
        if row.quiet_at is not None:
            return told(row, changed=False, by=row.quiet_by, at=row.quiet_at, reason=row.quiet_reason)
        by = actor.label[:255]
        Worker.objects.filter(pk=row.pk).update(quiet_at=Now(), quiet_by=by, quiet_reason=reason)
        ledger.record("worker.quieted", actor=actor, reason=reason, details=details(row))
        return told(row, changed=True, by=by, reason=reason)


def resume_worker(worker: str, *, actor: Actor, reason: str = "") -> Told:
    """Let a quiet one take again. Raises as quiet_worker does."""
    with access.acting():
        row, reason = permitted(worker, actor, reason)
        not_stopping(row)
        changed = row.quiet_at is not None
        if changed:
            Worker.objects.filter(pk=row.pk).update(quiet_at=None, quiet_by="", quiet_reason="")
            ledger.record("worker.resumed", actor=actor, reason=reason, details=details(row))
        return told(row, changed=changed)
