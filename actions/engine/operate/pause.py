"""pause and resume: an action or a queue whose executions wait until somebody lets them go on."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.aftermath import wake_later
from actions.errors import ActionNotFound, storable
from actions.models import Action, Queue


def pause_action(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let no execution of the action start; running ones end. False when it was paused already."""
    return _change(Action, name, actor, reason, paused=True)


def resume_action(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let them start again. False when it was not paused."""
    return _change(Action, name, actor, reason, paused=False)


def pause_queue(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let nothing in the queue start. False when it was paused already."""
    return _change(Queue, name, actor, reason, paused=True)


def resume_queue(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let the queue go on. False when it was not paused."""
    return _change(Queue, name, actor, reason, paused=False)


def _change(model: type[Action] | type[Queue], name: str, actor: Actor, reason: str, *, paused: bool) -> bool:
    kind = model._meta.model_name or ""
    with access.acting():
        access.require(
            actor, "pause", subject=name, action=name if model is Action else "", queue=name if model is Queue else ""
        )
        reason = access.checked_reason(actor, reason)
        # Spelt out, what PostgreSQL cannot hold is simply not found.
        rows = model._default_manager.filter(pk=storable(name))
        if paused:
            changed = rows.filter(paused_at__isnull=True).update(
                paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason
            )
        else:
            changed = rows.filter(paused_at__isnull=False).update(paused_at=None, paused_by="", paused_reason="")
        if not changed:
            if not rows.exists():
                raise ActionNotFound(f"There is no {kind} called {name[:100]!r}.")
            return False
        verb = f"{kind}.{'paused' if paused else 'resumed'}"
        ledger.record(verb, actor=actor, reason=reason, action=name if model is Action else "", details={kind: name})
        if not paused:
            wake_later(
                [name] if model is Queue else list(Action.objects.filter(pk=name).values_list("queue", flat=True))
            )
    return True
