"""replay: a new execution with the same or edited params, linked to the one it repeats; of a workflow also from one of its
steps, with what came before as it was."""

from typing import Any
from uuid import UUID

from actions import ids, values
from actions.definitions.action import Action
from actions.definitions.actor import Actor
from actions.definitions.callback import Kept
from actions.definitions.engine import Accepted, Invocation
from actions.definitions.registry import registry
from actions.engine import access, inputs, ledger, secrets
from actions.engine.accept import accept
from actions.engine.operate.once import first
from actions.engine.operate.subject import Subject, find, permitted, unchanged
from actions.engine.statements import fetch
from actions.engine.workflows.entry import OVERRIDE
from actions.errors import IdempotencyConflict, StepNotFound
from actions.models import Execution


def replay(
    execution_id: str,
    *,
    actor: Actor,
    reason: str = "",
    params: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    from_step: str | None = None,
    callback: Kept | None = None,
    seen_attempt: int | None = None,
) -> Accepted:
    """Do it once more. `params` replaces the original's; a secret left as dots keeps its value.

    `from_step` is the key of a step of a workflow: the new workflow finds the results of what came before that step, runs it
    with `params` (its own, where none are given) and goes on from there. The original's callback is not taken over; `callback`
    is that of the API key that asks.

    The same `idempotency_key` for another execution, step or edit is refused. Raises Refused where another attempt was begun
    since `seen_attempt`, what accept raises for the params, ExecutionNotFound, StepNotFound, ActionNotFound when the code has
    it no more.
    """
    with access.acting():
        subject, reason = permitted(execution_id, actor, "replay", reason)
        if seen_attempt is not None:
            # Held, so that no attempt begins between this look and the commit.
            Execution.objects.select_for_update().filter(pk=subject.id).values_list("pk").first()
            unchanged(find(execution_id), seen_attempt)
        action = registry.find(subject.action, (lambda _: False) if actor.kind == "api_key" else None)
        wanted = _params(subject, params if from_step is None else None)
        invocation = Invocation(
            params=wanted.params,
            idempotency_key=idempotency_key,
            actor=actor,
            replay_of=subject.id,
            tags=tuple(wanted.tags),
            callback=callback,
        )
        edited = None if from_step is None else _checked_edit(subject, from_step, params)
        if idempotency_key is not None:
            # Params are accept's to compare; that it is the same step, with the same edit, is known here alone.
            sent = {"from_step": from_step, "edited": None if edited is None else _mark(edited)}
            first(execution_id, "replay", actor=actor, key=idempotency_key, sent=sent)
        accepted = _accepted(action, invocation, reason)
        if from_step is not None and not accepted.replayed:
            _bring(subject, find(accepted.id).id, action, from_step, edited)
        return accepted


def _accepted(action: "Action[Any, Any]", invocation: Invocation, reason: str) -> Accepted:
    """Accept it. Raises IdempotencyConflict also where the caller's key stands for something else with the same params: the
    replay of another execution, or no replay."""
    accepted = accept(action, invocation, reason=reason)
    if accepted.replayed and invocation.idempotency_key is not None:
        holder = Execution.objects.only("replay_of", "created_at").get(pk=find(accepted.id).id)
        if holder.replay_of_id != invocation.replay_of:
            raise IdempotencyConflict(invocation.idempotency_key, accepted.id, holder.created_at.isoformat())
    return accepted


def _mark(edited: dict[str, Any]) -> str:
    """A fingerprint of a step's edited params, of which nothing can be guessed: some may be secret."""
    return values.check_and_fingerprint(edited, key=secrets.fingerprint_key()).fingerprint


def _params(subject: Subject, params: dict[str, Any] | None) -> Execution:
    """The original, its params in clear and with the results that they took from other steps, or edited."""
    original = Execution.objects.select_related("executionsecret").get(pk=subject.id)
    wanted = dict(original.params if params is None else params)
    if hasattr(original, "executionsecret"):
        plain = secrets.decrypt(original.executionsecret.ciphertext)
        wanted |= {name: value for name, value in plain.items() if wanted.get(name) == secrets.DOTS}
    if params is None:
        wanted = inputs.whole(wanted, original.inputs)
    original.params = wanted
    return original


def _checked_edit(subject: Subject, key: str, params: dict[str, Any] | None) -> dict[str, Any] | None:
    """The edited params of the step, as far as they can be judged now. Raises StepNotFound, InvalidParams."""
    step = Execution.objects.filter(parent=subject.id, step=key).first()
    if step is None or not subject.is_workflow:
        raise StepNotFound(f"{subject.public_id} has no step called {key[:100]!r}. Nothing was changed.")
    if params is None:
        return None
    values.check(params)
    action = registry.find(step.action_id)
    kept = {name for name, value in params.items() if value == step.params.get(name)}
    if kept:
        action.params.check(values.dumps(params), kept)
    else:
        action.params.load(values.dumps(params))
    return params


def _bring(
    subject: Subject, workflow: UUID, action: "Action[Any, Any]", key: str, edited: dict[str, Any] | None
) -> None:
    """Give the new workflow what came before the step, and the step's edited params."""
    rows = fetch("earlier_steps", {"workflow": subject.id, "step": key})
    fresh = {str(row[0]): ids.new_id() for row in rows}
    for row in rows:
        ledger.copy_step(row, fresh=fresh, parent=workflow, label=action.name)
    fetch("copy_memory", {"id": workflow, "original": subject.id, "step": key})
    if edited is not None:
        step = Execution.objects.only("action_id").get(parent=subject.id, step=key)
        ledger.remember(
            [(workflow, OVERRIDE + key, secrets.sealed(edited, registry.find(step.action_id).params.secret))]
        )
