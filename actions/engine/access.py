"""access: whether an actor may do a verb, asked again at the moment of acting; refusals are audited."""

from typing import Any

from django.contrib.auth import get_user_model

from actions import conf
from actions.definitions.actor import Actor
from actions.engine import ledger
from actions.errors import Forbidden, ReadOnly, ReasonRequired, storable

LONGEST_REASON = 2_000
FROZEN = f"{ReadOnly.__doc__}"
"""What is said where nothing may be changed."""
_OUTSIDE = frozenset({"user", "api_key"})
"""Kinds of actors who must be permitted what they do; code inside this installation is trusted."""


def actor_of(user: Any) -> Actor:
    """The actor that a logged-in Django user is."""
    return Actor("user", str(user.pk), user.get_username())


def require(actor: Actor, verb: str, *, subject: str = "") -> None:
    """Raise Forbidden, audited, unless `actor` may do `verb` (a permission of models.Access).

    Users are looked up again, so that a permission taken away since the page was rendered counts. Code that runs inside
    this installation asks as itself and is trusted.
    """
    if actor.kind in _OUTSIDE and frozen(verb):
        _refuse(actor, verb, subject)
        raise ReadOnly
    if actor.kind != "user":
        return
    user = get_user_model().objects.filter(pk=actor.id, is_active=True).first()
    if user is not None and user.has_perm(f"actions.{verb}"):
        return
    _refuse(actor, verb, subject)
    raise Forbidden(
        f"{actor.label} is not permitted to {verb.replace('_', ' ')}; nothing was changed. "
        f"Ask an administrator for the permission actions.{verb}."
    )


def frozen(verb: str) -> bool:
    """Whether a verb changes something, in an installation that is only looked at."""
    return conf.get().READ_ONLY and verb != "read" and not verb.startswith("view_")


def locked_out(username: str, *, address: str) -> None:
    """Record that nobody may try this name from this address for a while, after too many wrong passwords."""
    details = {"username": storable(username[:150]), "address": storable(address[:64])}
    ledger.record("access.locked_out", actor=Actor("system", "log-in", "log-in"), details=details)


def _refuse(actor: Actor, verb: str, subject: str) -> None:
    ledger.record("access.denied", actor=actor, details={"verb": verb, "subject": storable(subject[:200])})


def checked_reason(actor: Actor, reason: str) -> str:
    """The reason, stripped. People must give one; raises ReasonRequired."""
    silent = not reason.replace("\x00", "").strip()
    reason = storable(reason.strip())
    if len(reason) > LONGEST_REASON or (silent and actor.kind == "user"):
        raise ReasonRequired
    return reason
