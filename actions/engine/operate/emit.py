"""emit: tell a workflow that something happened outside."""

from dataclasses import dataclass
from typing import Any

from actions import ids, values
from actions.crashpoints import crash_point
from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.accept import checked_key
from actions.engine.advance import lock
from actions.engine.aftermath import wake_later
from actions.engine.operate.subject import Subject, find, permitted
from actions.errors import AlreadyFinished, InvalidInput, storable
from actions.models import ExternalEvent
from actions.states import FINISHED

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Emitted:
    """What an emit did. `new`: it was not told before under its key; `goes_on`: the workflow waited for it."""

    subject: Subject
    new: bool
    goes_on: bool


def emit(
    execution_id: str,
    name: str,
    payload: Any = None,
    *,
    actor: Actor,
    reason: str = "",
    idempotency_key: str | None = None,
) -> Emitted:
    """Keep the event for the workflow's wait_for(name), whether that has come or not, and let it go on if it waits for it.

    The same event told twice under one `idempotency_key` is kept once. Raises ExecutionNotFound, ReasonRequired,
    IdempotencyKeyInvalid, InvalidInput, and AlreadyFinished for a workflow that has ended.
    """
    with access.acting():
        found, reason = permitted(execution_id, actor, "emit", reason)
        return _emit(found, name, payload, actor=actor, reason=reason, idempotency_key=idempotency_key)


def _emit(
    found: Subject, name: str, payload: Any, *, actor: Actor, reason: str, idempotency_key: str | None
) -> Emitted:
    if not 0 < len(name) <= _LONGEST_NAME or name != storable(name):
        raise InvalidInput("invalid_event", f"An event's name has 1 to {_LONGEST_NAME} characters.", path="name")
    values.check(payload)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    lock([found.id])
    subject = find(found.public_id)
    if not subject.is_workflow:
        raise InvalidInput("not_a_workflow", f"{subject.public_id} is no workflow: it waits for no events.")
    # Before the status is looked at: the first telling may have been what let the workflow end.
    if key is not None and _told_before(subject, name, payload, key):
        return Emitted(subject, new=False, goes_on=False)
    if subject.status in FINISHED:
        raise AlreadyFinished(
            f"{subject.public_id} is {subject.status} already; the event was not kept.", status=subject.status
        )
    new, queue = ledger.emit(
        id=ids.new_id(),
        execution=subject.id,
        action=subject.action,
        attempt=subject.attempt,
        name=name,
        payload=None if payload is None else values.dumps(payload),
        digest=None if payload is None else values.check_and_digest(payload).fingerprint,
        actor=actor,
        reason=reason,
        key=key,
    )
    crash_point("emit.stored")
    if queue is not None:
        wake_later([queue])
    return Emitted(subject, new, goes_on=queue is not None)


def _told_before(subject: Subject, name: str, payload: Any, key: str) -> bool:
    """Whether this event was kept under its key before. Raises InvalidInput when that was another one."""
    known = (
        ExternalEvent.objects.filter(execution=subject.id, idempotency_key=key).values_list("name", "payload").first()
    )
    if known is None:
        return False
    if known != (name, None if payload is None else values.parse(values.dumps(payload))):
        raise InvalidInput(
            "idempotency_key_reused",
            f"The idempotency key {key!r} was used before for another event of {subject.public_id}. This one was not kept; "
            "send it with another key.",
            path="idempotency_key",
        )
    return True
