"""An API key that was let in, and how it stands in the database now."""

import hmac
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model

from actions import narrowing
from actions.definitions.actor import Actor
from actions.definitions.callback import Kept
from actions.engine.keys import scopes
from actions.engine.statements import fetch
from actions.values import keytext

DUMMY = os.urandom(32)
"""What is compared where there is no key, so that it takes as long."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of the key of a request. There is nothing secret in it."""

    id: str
    actor: Actor
    scopes: tuple[str, ...]
    rate: float
    """Requests a second, over all web processes."""
    permissions: frozenset[str] | None = None
    """Of a user's key, what the user may do: the key may do no more. None for a service account's."""
    seen: tuple[str, ...] | None = None
    """Of a user's key, the actions that the user may see by the rule of the installation (ACCESS); None: all."""
    callback: Kept | None = field(default=None, repr=False)
    """Whom the ends of what is asked with it are told to, where a request says nobody."""

    def allows(self, verb: str, action: str = "", *, queue: str = "") -> bool:
        """Whether its scopes, and its user's permissions, grant the verb on this action, or on this queue.

        Verbs are those of scopes.ACTION_VERBS, and view_audit and export_audit, which are about no action.
        """
        return (
            scopes.allow(self.scopes, verb, action, queue)
            and self._permitted(scopes.permission(scopes.needed(verb, action, queue)))
            and (self.seen is None or not action or any(narrowing.covers(name, action) for name in self.seen))
        )

    def patterns(self, verb: str) -> tuple[str, ...]:
        """The actions that it may do the verb to: names, and starts of names with a star behind (`*` is all of them)."""
        granted = scopes.patterns(self.scopes, verb) if self._permitted(scopes.permission(f"action:*:{verb}")) else ()
        return granted if self.seen is None else narrowing.shared(granted, self.seen)

    @property
    def sees_payload(self) -> bool:
        """Whether what it may read includes params and results."""
        return self._permitted("view_payload")

    def _permitted(self, permission: str) -> bool:
        return self.permissions is None or permission in self.permissions


@dataclass(frozen=True, slots=True)
class Standing:
    """A key as its row says now."""

    key: Key
    ended: str
    """Why nobody gets in with it; empty while it is active."""
    unwritten: bool
    """Whether its use was not written down within the last minute."""


def digest_of(text: str) -> bytes:
    """What is stored of a key: it has 256 random bits, so that a fast hash cannot be guessed."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def look(key: str, digest: bytes | None = None) -> Standing | None:
    """How the key stands now; None when there is none of that id, or it is not the one with this digest."""
    rows = fetch("key", {"id": key}, prepare=True)
    stored = bytes(rows[0][0]) if rows else DUMMY
    if (digest is not None and not hmac.compare_digest(digest, stored)) or not rows:
        return None
    _, account, user, owner, granted, rate, ended, unwritten, url, secret = rows[0]
    principal = f"service:{account}" if account is not None else f"user:{user}"
    permissions, seen = None, None
    if user is not None and not ended:
        person = get_user_model().objects.filter(pk=user, is_active=True).first()
        permissions = None if person is None else _permissions(person)
        seen = None if person is None else _seen(person)
        ended = "" if permissions is not None else "user inactive"
    actor = Actor("api_key", principal, f"{owner} · {keytext.shown(key)}", key)
    callback = Kept(url, secret) if url else None
    return Standing(Key(key, actor, tuple(granted), rate, permissions, seen, callback), ended or "", unwritten)


def _permissions(person: Any) -> frozenset[str]:
    """What a user may do in this app, asked anew."""
    start = "actions."
    return frozenset(name.removeprefix(start) for name in person.get_all_permissions() if name.startswith(start))


def _seen(person: Any) -> tuple[str, ...] | None:
    """The actions that a user may see; none where the rule fails, None for all."""
    try:
        known = narrowing.reader_of(person)
    except narrowing.RuleFailed:
        return ()
    return None if known is None else known.names
