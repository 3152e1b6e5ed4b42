"""access: whether an actor may do a verb, asked again at the moment of acting; refusals are audited.

A verb asks inside of `acting`, its transaction. What is refused there is written down when that transaction was undone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from actions import conf
from actions.definitions.actor import Actor
from actions.engine import ledger
from actions.engine.keys import scopes
from actions.engine.keys.key import Key, look
from actions.errors import Forbidden, ReadOnly, ReasonRequired, Unauthenticated, storable
from actions.values import keytext

LONGEST_REASON = 2_000
FROZEN = str(ReadOnly.__doc__)
"""What is said where nothing may be changed."""
_OUTSIDE = frozenset({"user", "api_key"})
"""Kinds of actors who must be permitted what they do; code inside this installation is trusted."""
_LOOKS = frozenset({"read", "export_audit"})
"""Verbs that change nothing, beside the permissions to view."""
_refused: ContextVar[list[Callable[[], None]] | None] = ContextVar("refused", default=None)


def actor_of(user: Any) -> Actor:
    """The actor that a logged-in Django user is."""
    return Actor("user", str(user.pk), user.get_username())


@contextmanager
def acting() -> Iterator[None]:
    """The transaction in which a verb is permitted and done."""
    around = _refused.get()
    refused: list[Callable[[], None]] = []
    token = _refused.set(refused)
    try:
        with transaction.atomic():
            yield
    finally:
        _refused.reset(token)
        if around is not None:
            # The one around this one may be undone as well.
            around.extend(refused)
        else:
            for write in refused:
                write()


def require(actor: Actor, verb: str, *, subject: str = "", action: str = "", queue: str = "") -> Key | None:
    """Raise Forbidden, audited, unless `actor` may do `verb`.

    A user needs the permission of that name (models.Access); an API key the scope for the verb on `action`, or on `queue`,
    and the permission as well where it is a user's. Both are looked up again, so that what was taken away since the page was
    rendered, or the request authenticated, counts; a key that was revoked meanwhile is Unauthenticated. Code that runs
    inside this installation asks as itself and is trusted. `subject` is what the audit calls the thing that was asked for.
    Returns the key of an API key's actor.
    """
    key = None
    if actor.kind == "api_key":
        key = _key_of(actor, verb, subject)
        if not key.allows(verb, action, queue=queue):
            refuse(actor, verb, subject)
            raise _lacking(key, verb, scopes.needed(verb, action, queue))
    elif actor.kind == "user":
        _require_user(actor, verb, subject)
    if actor.kind in _OUTSIDE:
        _require_change(actor, verb, subject)
    return key


def frozen(verb: str) -> bool:
    """Whether a verb changes something, in an installation that is only looked at."""
    return conf.get().READ_ONLY and not verb.startswith("view_") and verb not in _LOOKS


def locked_out(username: str, *, address: str) -> None:
    """Record that nobody may try this name from this address for a while, after too many wrong passwords."""
    details = {"username": storable(username[:150]), "address": storable(address[:64])}
    ledger.record("access.locked_out", actor=Actor("system", "log-in", "log-in"), details=details)


def sees(actor: Actor, verb: str, *, subject: str, action: str) -> bool:
    """`require` the verb of an API key on an execution of `action`; False, audited, where it may not even know of it."""
    key = _key_of(actor, verb, subject)
    if key.allows(verb, action):
        _require_change(actor, verb, subject)
        return True
    refuse(actor, verb, subject)
    if key.allows("read", action):
        raise _lacking(key, verb, scopes.needed(verb, action))
    return False


def refuse(actor: Actor, verb: str, subject: str) -> None:
    """Write down that the actor was not permitted; inside of `acting`, after its transaction."""
    details = {"verb": storable(verb[:50]), "subject": storable(keytext.without_keys(subject[:200]))}
    write = partial(ledger.record, "access.denied", actor=actor, details=details)
    refused = _refused.get()
    if refused is None:
        write()
    else:
        refused.append(write)


def checked_reason(actor: Actor, reason: str) -> str:
    """The reason, stripped. People must give one; raises ReasonRequired."""
    silent = not reason.replace("\x00", "").strip()
    # Who reports that a key has leaked may have it in the clipboard.
    reason = storable(keytext.without_keys(reason.strip()))
    if len(reason) > LONGEST_REASON or (silent and actor.kind == "user"):
        raise ReasonRequired
    return reason


def _require_user(actor: Actor, verb: str, subject: str) -> None:
    user = get_user_model().objects.filter(pk=actor.id, is_active=True).first()
    if user is not None and user.has_perm(f"actions.{verb}"):
        return
    refuse(actor, verb, subject)
    raise Forbidden(
        f"{actor.label} is not permitted to {verb.replace('_', ' ')}; nothing was changed. "
        f"Ask an administrator for the permission actions.{verb}."
    )


def _require_change(actor: Actor, verb: str, subject: str) -> None:
    if frozen(verb):
        refuse(actor, verb, subject)
        raise ReadOnly


def _key_of(actor: Actor, verb: str, subject: str) -> Key:
    """The key as it stands now. Raises Unauthenticated, audited."""
    standing = look(actor.key) if actor.key else None
    if standing is None or standing.ended or standing.key.actor.principal != actor.principal:
        refuse(actor, verb, subject)
        raise Unauthenticated
    return standing.key


def _lacking(key: Key, verb: str, scope: str) -> Forbidden:
    label = key.actor.label
    if not scope:
        return Forbidden(f"{label}: no API key may {verb.replace('_', ' ')}; nothing was changed.")
    if scopes.granted(key.scopes, scope):
        return Forbidden(
            f"{label} has the scope {scope}, and its user lacks the permission actions.{scopes.permission(scope)}; "
            "nothing was changed."
        )
    # The name in it is the caller's own word.
    scope = keytext.without_keys(scope[: scopes.LONGEST])
    return Forbidden(f"{label} lacks the scope {scope}; nothing was changed. A new key can be made with it.")
