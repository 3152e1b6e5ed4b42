"""trigger: an operator asks for an execution by the action's name."""

from datetime import datetime
from functools import partial
from typing import Any

from actions.definitions.actor import Actor
from actions.definitions.callback import Callback
from actions.definitions.engine import Accepted, Invocation
from actions.definitions.registry import registry
from actions.engine import access
from actions.engine.accept import accept
from actions.errors import storable
from actions.values import keytext


def trigger(
    action: str,
    params: dict[str, Any],
    *,
    actor: Actor,
    reason: str = "",
    idempotency_key: str | None = None,
    available_at: datetime | None = None,
    priority: int | None = None,
    tags: tuple[str, ...] = (),
    callback: Callback | None = None,
) -> Accepted:
    """Store one execution of the action called `action`. Raises what accept raises, ActionNotFound,
    NotTriggerable, Forbidden."""
    with access.acting():
        key = access.require(actor, "trigger", subject=action, action=action)
        invocation = Invocation(
            params=params,
            idempotency_key=idempotency_key,
            available_at=available_at,
            priority=priority,
            tags=tags,
            actor=actor,
            callback=callback or (key.callback if key is not None else None),
        )
        # A key is told no names but those that it may know.
        offered = None if key is None else partial(key.allows, "read")
        return accept(registry.triggerable(action, offered), invocation, reason=_kept(reason))


def _kept(reason: str) -> str:
    return storable(keytext.without_keys(reason.strip()))[: access.LONGEST_REASON]
