"""Who asks: an API key in `Authorization: Bearer`, nowhere else. No cookies, so nothing to forge from another site."""

from contextlib import AbstractContextManager
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from actions import incoming
from actions.engine import access, keys
from actions.engine.keys import Key
from actions.errors import Forbidden
from actions.narrowing import Reader, Subject, reading


class Bearer(HttpBearer):
    """An API key: `Authorization: Bearer do_live_…`."""

    def __call__(self, request: HttpRequest) -> Any:
        """The key that asks. Raises Unauthenticated, RateLimited."""
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        key = keys.authenticate(text.strip() if scheme.lower() == "bearer" else "", address=incoming.address(request))
        keys.limit(key)
        return key

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Not asked: the call above has done it."""
        raise NotImplementedError


def key_of(request: HttpRequest) -> Key:
    """The key of an authenticated request."""
    key: Key = request.auth  # type: ignore[attr-defined]  # set by ninja
    return key


def require(request: HttpRequest, verb: str, action: str, *, subject: str = "") -> Key:
    """The key, if it may do `verb` to `action`. Raises Forbidden, which is audited and names the scope, and ReadOnly.

    Asked of the key as this process knows it, half a second old at most; verbs ask again in their transaction. Where
    nothing may be changed, that is said here: to start an execution no verb is asked.
    """
    key = key_of(request)
    if not key.allows(verb, action) or access.frozen(verb):
        access.require(key.actor, verb, subject=subject or action, action=action)
        raise Forbidden(f"This key lacks the scope action:{action}:{verb}; nothing was changed.")
    access.narrow(key.actor, verb, subject or action, Subject("action", action))
    return key


def require_queue(request: HttpRequest, queue: str) -> Key:
    """The key, if it may pause and resume that queue. Raises Forbidden."""
    key = key_of(request)
    if not key.allows("pause", queue=queue):
        access.require(key.actor, "pause", subject=queue, queue=queue)
        raise Forbidden(f"This key lacks the scope queue:{queue[:100]}:pause; nothing was changed.")
    return key


def require_audit(request: HttpRequest, verb: str) -> Key:
    """The key, if it may see (view_audit) or export (export_audit) the audit. Raises Forbidden."""
    key = key_of(request)
    if not key.allows(verb):
        access.require(key.actor, verb, subject="audit")
        raise Forbidden(f"This key lacks the scope {'audit:read' if verb == 'view_audit' else 'audit:export'}.")
    return key


def reading_key(key: Key) -> AbstractContextManager[None]:
    """Queries in here find what the user of the key may see."""
    return reading(None if key.seen is None else Reader(key.seen, key.actor.principal))
