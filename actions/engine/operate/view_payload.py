"""view payload: somebody looks at what an execution was asked with and what came of it, hidden parts too; the audit knows."""

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.operate.subject import Subject, seen


def view_payload(execution_id: str, *, actor: Actor) -> Subject:
    """Write down that the actor looks at the params, the result, the log and the traceback of an execution.

    Raises Forbidden, audited, and ExecutionNotFound. Whoever only looks need not say why.
    """
    with access.acting():
        subject = seen(execution_id, actor, "view_payload")
        ledger.record(
            "payload.viewed",
            actor=actor,
            execution=subject.id,
            action=subject.action,
            attempt=subject.attempt,
        )
    return subject
