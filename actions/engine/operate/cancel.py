"""cancel: stop an execution: at once where nothing is lost by it, by asking where a handler is at work."""

from dataclasses import dataclass

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.advance import advance_one, lock
from actions.engine.operate.subject import ROUNDS, Subject, find, moved_on, permitted, unchanged
from actions.engine.operate.tree import cancel_below
from actions.errors import AlreadyFinished, InDoubt, Refused, describe
from actions.states import FINISHED, Effects, Outcome, Status


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancel did: `now` is the status; `asked` that a running handler was asked to stop."""

    subject: Subject
    now: Status
    asked: bool = False


def cancel(
    execution_id: str, *, actor: Actor, reason: str = "", force: bool = False, seen_attempt: int | None = None
) -> Cancelled:
    """Stop an execution.

    Not running: cancelled at once. Running with `database` effects: cancelled at once, and the fence rolls its writes
    back. Running otherwise: asked to stop, which its handler sees at its next heartbeat; `force` does not wait for that,
    and puts an external one in doubt. Raises AlreadyFinished, and Refused for one in doubt or where another attempt was begun
    since `seen_attempt`.
    """
    verb = "force_stop" if force else "cancel"
    for _ in range(ROUNDS):
        with access.acting():
            subject, reason = permitted(execution_id, actor, verb, reason)
            if subject.parent is not None or subject.is_workflow:
                lock([subject.parent, subject.id])
                subject = find(execution_id)
            _refuse_ended(subject)
            unchanged(subject, seen_attempt)
            done = _cancel(subject, actor, reason, force=force)
            if done is not None and done.now == Status.CANCELLED:
                _tell_tree(subject, actor, reason)
        if done is not None:
            return done
    raise moved_on(subject)


def _cancel(subject: Subject, actor: Actor, reason: str, *, force: bool) -> Cancelled | None:
    if subject.status != Status.RUNNING:
        return _move(subject, Status.CANCELLED, "execution.cancelled", actor, reason, None)
    if subject.effects == Effects.DATABASE:
        return _move(subject, Status.CANCELLED, "execution.cancelled", actor, reason, Outcome.CANCELLED)
    if not force:
        if not ledger.request_cancel(id=subject.id, attempt=subject.attempt, actor=actor, reason=reason):
            now = find(subject.public_id)
            if (now.status, now.attempt) != (subject.status, subject.attempt):
                return None
        return Cancelled(subject, Status.RUNNING, asked=True)
    if subject.effects == Effects.EXTERNAL:
        return _move(subject, Status.IN_DOUBT, "execution.force_stopped", actor, reason, Outcome.IN_DOUBT)
    return _move(subject, Status.CANCELLED, "execution.force_stopped", actor, reason, Outcome.CANCELLED)


def _tell_tree(subject: Subject, actor: Actor, reason: str) -> None:
    """A cancelled workflow's steps are cancelled too; what waited for a cancelled step goes on without it."""
    if subject.is_workflow:
        cancel_below([subject.id], actor=actor, reason=reason)
    advance_one(subject.id, workflow=subject.parent, succeeded=False)


def _move(
    subject: Subject, after: Status, verb: str, actor: Actor, reason: str, outcome: Outcome | None
) -> Cancelled | None:
    error = None
    if after == Status.IN_DOUBT:
        error = describe(
            InDoubt("It was stopped by force in the middle of the handler; its outside effect may have happened.")
        )
    queue = ledger.move(
        id=subject.id,
        before=subject.status,
        attempt=subject.attempt,
        after=after,
        verb=verb,
        actor=actor,
        reason=reason,
        outcome=outcome,
        error=error,
    )
    return None if queue is None else Cancelled(subject, after)


def _refuse_ended(subject: Subject) -> None:
    if subject.status in FINISHED:
        raise AlreadyFinished(
            f"{subject.public_id} has already {_ENDS[subject.status]}; nothing was changed.", status=subject.status
        )
    if subject.status == Status.IN_DOUBT:
        raise Refused(
            f"{subject.public_id} is in doubt; resolve it instead. Nothing was changed.", status=subject.status
        )


_ENDS = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "been cancelled",
    Status.SKIPPED: "been skipped",
}
