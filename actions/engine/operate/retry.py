"""retry: a failed execution gets a new attempt, with its tries counted anew."""

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.aftermath import wake_later
from actions.engine.operate.subject import Subject, find, permitted
from actions.engine.operate.tree import retry_in_tree
from actions.errors import NotRetryable
from actions.states import Status

_WHY = {
    Status.SUCCEEDED: "it succeeded; replay it to do it once more",
    Status.CANCELLED: "it was cancelled; replay it to do it after all",
    Status.IN_DOUBT: "it is in doubt; resolve it first",
    Status.RETRYING: "it is tried again by itself; run it now if you cannot wait",
}


def retry(execution_id: str, *, actor: Actor, reason: str = "", seen_attempt: int | None = None) -> Subject:
    """Queue a failed execution again; a step's workflow goes on, a workflow is retried by the steps that made it fail.

    Returns it as it is now: queued, or waiting for those steps.

    `seen_attempt` is the attempt that the operator saw fail: a second click on the
    same page finds it changed and does nothing.

    Raises NotRetryable with the state now, FailureConsumed, Forbidden, ReasonRequired, ExecutionNotFound.
    """
    with access.acting():
        subject, reason = permitted(execution_id, actor, "retry", reason)
        if subject.status != Status.FAILED or seen_attempt not in {None, subject.attempt}:
            raise refusal(subject, seen_attempt)
        if subject.parent is not None or subject.is_workflow:
            retry_in_tree(subject, actor=actor, reason=reason)
            return find(execution_id)
        queue = ledger.move(
            id=subject.id,
            before=Status.FAILED,
            attempt=subject.attempt,
            after=Status.QUEUED,
            verb="execution.retried",
            actor=actor,
            reason=reason,
            fresh=True,
        )
        if queue is None:
            raise refusal(find(execution_id), subject.attempt)
        wake_later([queue])
        return find(execution_id)


def refusal(subject: Subject, seen_attempt: int | None) -> NotRetryable:
    """Why not, and who was first where somebody was."""
    first = ledger.last_retry(subject.id, attempt=seen_attempt or subject.attempt)
    if first is not None and subject.status != Status.FAILED:
        label, at = first
        return NotRetryable(
            f"{subject.public_id} was already retried by {label} at {at:%Y-%m-%d %H:%M:%S} UTC; it is {subject.status} now. "
            "Nothing was changed.",
            status=subject.status,
        )
    why = _WHY.get(subject.status, f"it is {subject.status}")
    if subject.status == Status.FAILED:
        why = f"it has failed again since (attempt {subject.attempt}); look at that failure first"
    return NotRetryable(f"{subject.public_id} cannot be retried: {why}. Nothing was changed.", status=subject.status)
