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

from actions import conf, narrowing
from actions.definitions.actor import Actor
from actions.engine import ledger
from actions.engine.keys import scopes
from actions.engine.keys.key import Key, look
from actions.errors import Forbidden, ReadOnly, ReasonRequired, Unauthenticated, storable
from actions.narrowing import Subject
from actions.values import keytext

LONGEST_REASON = 2_000
FROZEN = str(ReadOnly.__doc__)
"""What is said where nothing may be changed."""
_OUTSIDE = frozenset({"user", "api_key"})
"""Kinds of actors who must be permitted what they do; code inside this installation is trusted."""
WHOLE = frozenset({"manage_alerts", "manage_keys", "manage_workers"})
"""Verbs that are about no action, and reach them all."""
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


def require(
    actor: Actor, verb: str, *, subject: str = "", action: str = "", queue: str = "", about: Subject | None = None
) -> Key | None:
    """Raise Forbidden, audited, unless `actor` may do `verb`.

    A user needs the permission of that name (models.Access); an API key the scope for the verb on `action`, or on `queue`,
    and the permission as well where it is a user's. Both are looked up again, so that what was taken away since the page was
    rendered, or the request authenticated, counts; a key that was revoked meanwhile is Unauthenticated. Code that runs
    inside this installation asks as itself and is trusted. `subject` is what the audit calls the thing that was asked for.
    Where that is known (`about`, or `action` or `queue`), the rule of the installation (ACCESS) is asked as well.
    Returns the key of an API key's actor.
    """
    about = about or (Subject("action", action) if action else Subject("queue", queue=queue) if queue else None)
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
        narrow(actor, verb, subject, about)
    return key


def narrow(actor: Actor, verb: str, subject: str, about: Subject | None) -> None:
    """Raise Forbidden, audited, where the rule of the installation (ACCESS) refuses a person, or the key of one. It is not asked
    about what is no execution, action or queue; but who sees only some actions gives out no keys."""
    if not conf.get().ACCESS or (about is None and verb not in WHOLE):
        return
    user = _person(actor)
    if user is None:
        return
    try:
        allowed = narrowing.may(user, verb, about) if about is not None else narrowing.reader_of(user) is None
    except narrowing.RuleFailed as failed:
        refuse(actor, verb, subject)
        raise Forbidden(str(failed)) from None
    if not allowed:
        refuse(actor, verb, subject)
        what = (
            f"{about.kind} {about.id or about.action or about.queue}" if about is not None else "the whole installation"
        )
        raise Forbidden(
            f"{actor.label} may not {verb.replace('_', ' ')} here: the access rule of this installation refuses it for "
            f"{what}. Nothing was changed."
        )


def unseen(actor: Actor, action: str) -> bool:
    """Whether the rule of the installation hides an action from a person. Raises Forbidden where the rule fails."""
    user = _person(actor) if conf.get().ACCESS else None
    if user is None:
        return False
    try:
        known = narrowing.reader_of(user)
    except narrowing.RuleFailed as failed:
        raise Forbidden(str(failed)) from None
    return known is not None and not known.sees(action)


def _person(actor: Actor) -> Any:
    """The user who acts, or whose key does; None for a service account."""
    kind, _, name = actor.id.partition(":") if actor.kind == "api_key" else (actor.kind, "", actor.id)
    return get_user_model().objects.filter(pk=name).first() if kind == "user" and name.isdigit() else None


def frozen(verb: str) -> bool:
    """Whether a verb changes something, in an installation that is only looked at."""
    return conf.get().READ_ONLY and not verb.startswith("view_") and verb not in _LOOKS


def locked_out(username: str, *, address: str) -> None:
    """Record that nobody may try this name from this address for a while, after too many wrong passwords."""
    details = {"username": storable(username[:150]), "address": storable(address[:64])}
    ledger.record("access.locked_out", actor=Actor("system", "log-in", "log-in"), details=details)


def sees(actor: Actor, verb: str, *, subject: str, about: Subject) -> bool:
    """`require` the verb of an API key on an execution; False, audited, where it may not even know of it."""
    key, action = _key_of(actor, verb, subject), about.action
    if key.allows(verb, action):
        _require_change(actor, verb, subject)
        narrow(actor, verb, subject, about)
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
