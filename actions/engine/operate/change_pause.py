"""change a pause: what is paused stays so until another time, or for another reason; nothing slips through in between."""

from datetime import datetime

from actions.definitions.actor import Actor
from actions.engine import access, standing
from actions.engine.operate.pause import Kind, must_exist, permit, record
from actions.errors import storable
from actions.models import Action, Queue, Tag


def change_action_pause(
    name: str, *, actor: Actor, until: datetime | None, reason: str = "", seen: str | None = None
) -> bool:
    """Let the pause of an action end at `until`; None: when somebody resumes it. False when it was so before.

    It is the actor's from then on, with their reason; an empty one, which only keys and code may give, leaves the one that
    there is. `seen`: the mark of the pause (engine.standing) that the actor saw. Raises NotPaused, PauseChanged, InvalidInput
    for a time that cannot be waited for, ActionNotFound, Forbidden, ReasonRequired.
    """
    return _change(Action, name, actor, until, reason, seen)


def change_queue_pause(
    name: str, *, actor: Actor, until: datetime | None, reason: str = "", seen: str | None = None
) -> bool:
    """The same of a queue."""
    return _change(Queue, name, actor, until, reason, seen)


def change_tag_pause(
    name: str, *, actor: Actor, until: datetime | None, reason: str = "", seen: str | None = None
) -> bool:
    """The same of a tag; any text may be one, so none is not found."""
    return _change(Tag, name, actor, until, reason, seen)


def _change(kind: Kind, name: str, actor: Actor, until: datetime | None, reason: str, seen: str | None) -> bool:
    with access.acting():
        permit(kind, name, actor)
        reason = access.checked_reason(actor, reason)
        until = standing.checked(until)
        # Spelt out, what PostgreSQL cannot hold is simply not found.
        row = kind._default_manager.select_for_update(no_key=True).filter(pk=storable(name)).first()
        if row is None:
            must_exist(kind, name)
            row = kind(name=storable(name))
        details = standing.renew(row, actor=actor, reason=reason, until=until, seen=seen)
        if details is None:
            return False
        record("pause_changed", kind, name, actor, reason, **details)
    return True
