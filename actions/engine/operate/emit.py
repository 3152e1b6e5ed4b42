"""emit: tell a workflow that something happened outside."""

from typing import Any

from django.db import transaction

from actions import ids, values
from actions.crashpoints import crash_point
from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.accept import check_key
from actions.engine.advance import lock
from actions.engine.aftermath import wake_later
from actions.engine.operate.subject import Subject, find
from actions.errors import AlreadyFinished, InvalidInput, storable
from actions.states import FINISHED

_LONGEST_NAME = 100


def emit(
    execution_id: str,
    name: str,
    payload: Any = None,
    *,
    actor: Actor,
    reason: str = "",
    idempotency_key: str | None = None,
) -> Subject:
    """Keep the event for the workflow's wait_for(name), whether that has come or not, and let it go on if it waits for it.

    The same event told twice under one `idempotency_key` is kept once. Raises ExecutionNotFound, InvalidInput,
    IdempotencyKeyInvalid, and AlreadyFinished for a workflow that has ended.
    """
    access.require(actor, "emit", subject=execution_id)
    reason = storable(reason.strip())[: access.LONGEST_REASON]
    if not 0 < len(name) <= _LONGEST_NAME or name != storable(name):
        raise InvalidInput("invalid_event", f"An event's name has 1 to {_LONGEST_NAME} characters.", path="name")
    values.check(payload)
    if idempotency_key is not None:
        check_key(idempotency_key)
    with transaction.atomic():
        lock([find(execution_id).id])
        subject = find(execution_id)
        if not subject.is_workflow:
            raise InvalidInput("not_a_workflow", f"{subject.public_id} is no workflow: it waits for no events.")
        if subject.status in FINISHED:
            raise AlreadyFinished(
                f"{subject.public_id} is {subject.status} already; the event was not kept.", status=subject.status
            )
        _, queue = ledger.emit(
            id=ids.new_id(),
            execution=subject.id,
            action=subject.action,
            attempt=subject.attempt,
            name=name,
            payload=None if payload is None else values.dumps(payload),
            digest=None if payload is None else values.check_and_digest(payload).fingerprint,
            actor=actor,
            reason=reason,
            key=idempotency_key,
        )
        crash_point("emit.stored")
        if queue is not None:
            wake_later([queue])
    return subject
