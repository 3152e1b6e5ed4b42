"""once: a verb on an execution, done at most once per idempotency key of whoever asks."""

from collections.abc import Callable
from typing import Any

from actions import ids, values
from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.accept import checked_key, impatient
from actions.engine.statements import fetch
from actions.errors import IdempotencyConflict


def once(
    execution_id: str, verb: str, act: Callable[[], Any], *, actor: Actor, key: str | None, sent: dict[str, Any]
) -> bool:
    """Do `act`, and remember the key in the same transaction; False when this key had done it before.

    `sent` is what was asked for: another wish under the same key is refused. What `act` raises is let through, and the key
    is as free as before. Raises IdempotencyKeyInvalid, IdempotencyConflict, IdempotencyInProgress.
    """
    if key is None:
        act()
        return True
    with access.acting():
        new = first(execution_id, verb, actor=actor, key=key, sent=sent)
        if new:
            act()
    return new


def first(execution_id: str, verb: str, *, actor: Actor, key: str, sent: dict[str, Any]) -> bool:
    """Remember the key in this transaction; False when the same was done under it before.

    It is remembered as long as the execution is kept. Raises as `once` does.
    """
    fingerprint = values.check_and_fingerprint({"verb": verb, "sent": sent}).fingerprint
    marks = {"principal": actor.principal, "execution": ids.parse_id(execution_id), "key": checked_key(key)}
    with impatient(True):
        new = fetch("remember_key", {**marks, "verb": verb, "fingerprint": fingerprint})
    if new:
        return True
    # Another statement on purpose: the one that waited for the key cannot see the row it lost to.
    at, before = fetch("recall_key", marks)[0]
    if before != fingerprint:
        raise IdempotencyConflict(key, execution_id, at.isoformat())
    return False
