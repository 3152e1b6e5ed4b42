"""handle, reopen: a failed execution needs nobody any more, without being retried; or it does after all."""

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.operate.subject import Subject, find, permitted, unchanged
from actions.errors import NotHandled, NotOpen, ReasonRequired
from actions.models import Execution
from actions.states import Status


def handle(execution_id: str, *, actor: Actor, reason: str = "", seen_attempt: int | None = None) -> Subject:
    """It stays failed and counts as handled, with the reason as a note; one that is retried and fails again is open again.

    Raises NotOpen with the state now, Refused where another attempt was begun since `seen_attempt`, and ReasonRequired for
    everybody: without a note nobody would know why.
    """
    return _mark(execution_id, actor, reason, seen_attempt, handled=True)


def reopen(execution_id: str, *, actor: Actor, reason: str = "", seen_attempt: int | None = None) -> Subject:
    """It needs somebody after all. Raises NotHandled with the state now, and the others as `handle` does."""
    return _mark(execution_id, actor, reason, seen_attempt, handled=False)


def _mark(execution_id: str, actor: Actor, reason: str, seen_attempt: int | None, *, handled: bool) -> Subject:
    with access.acting():
        subject, reason = permitted(execution_id, actor, "triage", reason)
        if not reason:
            raise ReasonRequired
        unchanged(subject, seen_attempt)
        marked = ledger.mark_handled(
            id=subject.id, attempt=subject.attempt, handled=handled, actor=actor, reason=reason
        )
        if not marked:
            raise _refusal(find(execution_id), handled=handled)
    return subject


def _refusal(now: Subject, *, handled: bool) -> NotOpen | NotHandled:
    """Why not, and who was first where somebody was."""
    if now.status != Status.FAILED:
        why = f"{now.public_id} is {now.status}; only what stands failed is handled or reopened. Nothing was changed."
        return NotOpen(why, status=now.status) if handled else NotHandled(why, status=now.status)
    if not handled:
        why = f"{now.public_id} is not marked as handled. Where its group of failures is, reopen that. Nothing was changed."
        return NotHandled(why, status=now.status)
    first = Execution.objects.only("handled_by", "handled_at").get(pk=now.id)
    when = f" by {first.handled_by} at {first.handled_at:%Y-%m-%d %H:%M:%S} UTC" if first.handled_at else ""
    return NotOpen(f"{now.public_id} was already handled{when}. Nothing was changed.", status=now.status)
