"""run now: a scheduled or retrying execution becomes due at once."""

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.aftermath import wake_later
from actions.engine.operate.subject import Subject, find, permitted, unchanged
from actions.errors import NotWaitingToRun
from actions.states import DUE, Status


def run_now(execution_id: str, *, actor: Actor, reason: str = "", seen_attempt: int | None = None) -> Subject:
    """Make it due now; its tries go on counting. Raises NotWaitingToRun with the state now, Refused where another attempt
    was begun since `seen_attempt`."""
    with access.acting():
        subject, reason = permitted(execution_id, actor, "run_now", reason)
        unchanged(subject, seen_attempt)
        queue = None
        if subject.status in DUE:
            queue = ledger.move(
                id=subject.id,
                before=subject.status,
                attempt=subject.attempt,
                after=Status.QUEUED,
                verb="execution.run_now",
                actor=actor,
                reason=reason,
            )
        if queue is None:
            status = find(execution_id).status
            raise NotWaitingToRun(
                f"{subject.public_id} is {status}; only queued and retrying executions can be run now. Nothing was changed.",
                status=status,
            )
        wake_later([queue])
    return subject
