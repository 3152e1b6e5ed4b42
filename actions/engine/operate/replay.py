"""replay: a new execution with the same or edited params, linked to the one it repeats."""

from typing import Any

from actions.definitions.actor import Actor
from actions.definitions.engine import Accepted, Invocation
from actions.definitions.registry import registry
from actions.engine import access, secrets
from actions.engine.accept import accept
from actions.engine.operate.subject import find
from actions.models import Execution


def replay(
    execution_id: str,
    *,
    actor: Actor,
    reason: str = "",
    params: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Accepted:
    """Do it once more. `params` replaces the original's; a secret left as dots keeps its value.

    Raises what accept raises for the params, ExecutionNotFound, ActionNotFound when the code has it no more.
    """
    access.require(actor, "replay", subject=execution_id)
    reason = access.checked_reason(actor, reason)
    subject = find(execution_id)
    action = registry.find(subject.action)
    original = Execution.objects.select_related("executionsecret").get(pk=subject.id)
    wanted = dict(original.params if params is None else params)
    if hasattr(original, "executionsecret"):
        plain = secrets.decrypt(original.executionsecret.ciphertext)
        wanted |= {name: value for name, value in plain.items() if wanted.get(name) == secrets.DOTS}
    # The key says which original and, when the caller gave one, which of its wishes: a double click is one replay.
    invocation = Invocation(
        params=wanted, idempotency_key=idempotency_key, actor=actor, replay_of=subject.id, tags=tuple(original.tags)
    )
    return accept(action, invocation, reason=reason)
