"""pause and resume: an action, a queue or a tag whose executions wait until somebody, or the time, lets them go on."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger, standing
from actions.engine.aftermath import wake_later
from actions.errors import ActionNotFound, InvalidInput, storable
from actions.models import Action, Queue, Tag

LONGEST_TAG = 100
_NOTHING: dict[str, Any] = {"paused_at": None, "paused_by": "", "paused_reason": "", "paused_until": None}
Kind = type[Action] | type[Queue] | type[Tag]


def pause_action(name: str, *, actor: Actor, reason: str = "", until: datetime | None = None) -> bool:
    """Let no execution of the action start; running ones end. False when it was paused already, which changes nothing.

    At `until` maintain resumes it; None: when somebody does. Raises InvalidInput for a time that has passed, is more than
    a year ahead, or lacks its zone; ActionNotFound, Forbidden, ReasonRequired.
    """
    return _pause(Action, name, actor, reason, until)


def resume_action(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let them start again. False when it was not paused."""
    return _resume(Action, name, actor, reason)


def pause_queue(name: str, *, actor: Actor, reason: str = "", until: datetime | None = None) -> bool:
    """Let nothing in the queue start; the rest as `pause_action`."""
    return _pause(Queue, name, actor, reason, until)


def resume_queue(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let the queue go on. False when it was not paused."""
    return _resume(Queue, name, actor, reason)


def pause_tag(name: str, *, actor: Actor, reason: str = "", until: datetime | None = None) -> bool:
    """Let nothing start that has the tag: executions asked for with it, and those of actions that have it; the rest as
    `pause_action`. A tag that nothing has yet can be paused too: what comes with it waits. Raises InvalidInput for a text
    that can be no tag."""
    if not 0 < len(name) <= LONGEST_TAG or name != storable(name):
        raise InvalidInput("invalid_tag", f"A tag is a text of 1 to {LONGEST_TAG} characters.", path="tag")
    return _pause(Tag, name, actor, reason, until)


def resume_tag(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let what has the tag start again. False when it was not paused."""
    return _resume(Tag, name, actor, reason)


def set_going(kind: Kind, name: str, *, actor: Actor, reason: str, lapsed: bool = False) -> bool:
    """Resume it, audited, and wake what may have waited; in the caller's transaction. False when it was not paused, or,
    for what has `lapsed`, not paused until a time that has come."""
    rows = kind._default_manager.filter(pk=storable(name), paused_at__isnull=False)
    if lapsed:
        rows = rows.filter(paused_until__lte=Now())
    if not rows.update(**_NOTHING):
        return False
    record("resumed", kind, name, actor, reason)
    wake_later(_queues(kind, name))
    return True


def _pause(kind: Kind, name: str, actor: Actor, reason: str, until: datetime | None) -> bool:
    with access.acting():
        permit(kind, name, actor)
        reason = access.checked_reason(actor, reason)
        until = standing.checked(until)
        if kind is Tag:
            Tag.objects.bulk_create([Tag(name=name)], ignore_conflicts=True)
        # Spelt out, what PostgreSQL cannot hold is simply not found.
        rows = kind._default_manager.filter(pk=storable(name))
        changed = rows.filter(paused_at__isnull=True).update(
            paused_at=Now(), paused_by=actor.label[:255], paused_reason=reason, paused_until=until
        )
        if not changed:
            must_exist(kind, name)
            return False
        record("paused", kind, name, actor, reason, **({"until": until.isoformat()} if until else {}))
    return True


def _resume(kind: Kind, name: str, actor: Actor, reason: str) -> bool:
    with access.acting():
        permit(kind, name, actor)
        reason = access.checked_reason(actor, reason)
        changed = set_going(kind, name, actor=actor, reason=reason)
        if not changed:
            must_exist(kind, name)
    return changed


def permit(kind: Kind, name: str, actor: Actor) -> None:
    """Raise Forbidden, audited, unless the actor may pause and resume it."""
    # Any action may have the tag: of a key's scopes only the one for all actions covers that.
    action = {Action: name, Tag: "*"}.get(kind, "")
    access.require(actor, "pause", subject=name, action=action, queue=name if kind is Queue else "")


def must_exist(kind: Kind, name: str) -> None:
    """Raise ActionNotFound where there is none; any text may be a tag."""
    if kind is not Tag and not kind._default_manager.filter(pk=storable(name)).exists():
        raise ActionNotFound(f"There is no {kind._meta.model_name} called {name[:100]!r}.")


def record(what: str, kind: Kind, name: str, actor: Actor, reason: str, **more: Any) -> None:
    """An audit entry about its pause."""
    called = kind._meta.model_name or ""
    ledger.record(
        f"{called}.{what}",
        actor=actor,
        reason=reason,
        action=name if kind is Action else "",
        details={called: name, **more},
    )


def _queues(kind: Kind, name: str) -> list[str]:
    """Where something may have waited for it."""
    if kind is Queue:
        return [name]
    # Whatever was asked for with a tag may wait in any queue; a wake-up too many is an idle look.
    rows = Action.objects.filter(pk=name) if kind is Action else Action.objects.all()
    return list(rows.values_list("queue", flat=True).distinct())
