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
    fingerprint = values.check_and_fingerprint({"verb": verb, "sent": sent}).fingerprint
    marks = {"principal": actor.principal, "execution": ids.parse_id(execution_id), "key": checked_key(key)}
    with access.acting():
        with impatient(True):
            new = fetch("remember_key", {**marks, "verb": verb, "fingerprint": fingerprint})
        if new:
            act()
            return True
        # Another statement on purpose: the one that waited for the key cannot see the row it lost to.
        at, before = fetch("recall_key", marks)[0]
    if before != fingerprint:
        raise IdempotencyConflict(key, execution_id, at.isoformat())
    return False
