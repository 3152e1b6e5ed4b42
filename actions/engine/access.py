"""access: whether an actor may do a verb, asked again at the moment of acting; refusals are audited."""

from typing import Any

from django.contrib.auth import get_user_model

from actions.definitions.actor import Actor
from actions.engine import ledger
from actions.errors import Forbidden, ReasonRequired, storable

LONGEST_REASON = 2_000


def actor_of(user: Any) -> Actor:
    """The actor that a logged-in Django user is."""
    return Actor("user", str(user.pk), user.get_username())


def require(actor: Actor, verb: str, *, subject: str = "") -> None:
    """Raise Forbidden, audited, unless `actor` may do `verb` (a permission of models.Access).

    Users are looked up again, so that a permission taken away since the page was rendered counts. Code that runs inside
    this installation asks as itself and is trusted.
    """
    if actor.kind != "user":
        return
    user = get_user_model().objects.filter(pk=actor.id, is_active=True).first()
    if user is not None and user.has_perm(f"actions.{verb}"):
        return
    ledger.record("access.denied", actor=actor, details={"verb": verb, "subject": storable(subject[:200])})
    raise Forbidden(
        f"{actor.label} is not permitted to {verb.replace('_', ' ')}; nothing was changed. "
        f"Ask an administrator for the permission actions.{verb}."
    )


def checked_reason(actor: Actor, reason: str) -> str:
    """The reason, stripped. People must give one; raises ReasonRequired."""
    reason = storable(reason.strip())
    if len(reason) > LONGEST_REASON or (not reason and actor.kind == "user"):
        raise ReasonRequired
    return reason
