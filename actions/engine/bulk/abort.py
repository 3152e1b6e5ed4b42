"""abort: do no more of a bulk operation; what was done stays done."""

from uuid import UUID

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.errors import BulkOperationNotFound
from actions.models import BulkOperation


def abort(operation: UUID, *, actor: Actor, reason: str = "") -> bool:
    """Let the operation end before its next item. False when it has ended, or somebody said so before.

    Whoever may do its verb may abort it. Raises BulkOperationNotFound, Forbidden, ReasonRequired.
    """
    found = BulkOperation.objects.filter(pk=operation).first()
    if found is None:
        raise BulkOperationNotFound
    with access.acting():
        access.require(actor, found.verb, subject=str(operation))
        reason = access.checked_reason(actor, reason)
        rows = BulkOperation.objects.filter(pk=operation, finished_at__isnull=True, aborted_at__isnull=True)
        if not rows.update(aborted_at=Now(), aborted_by=actor.label[:255]):
            return False
        details = {"operation": str(operation), "verb": found.verb}
        ledger.record("bulk.aborted", actor=actor, reason=reason, execution=found.execution_id, details=details)
    return True
