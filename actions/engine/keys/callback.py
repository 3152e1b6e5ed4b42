"""callback: whom the ends of what is asked with a key are told to, where the request itself names nobody."""

from typing import Any

from django.utils import timezone

from actions.definitions.actor import Actor
from actions.definitions.callback import Callback, Kept
from actions.engine import access, ledger
from actions.engine.callbacks import keep
from actions.engine.keys.authenticate import seen
from actions.engine.keys.revoke import named, principal_of
from actions.errors import KeyEnded
from actions.models import ApiKey
from actions.outside.address import read
from actions.values import keytext


def set_callback(key: str, callback: Callback | None, *, actor: Actor, reason: str = "") -> bool:
    """Tell `callback` the ends of what is asked with this key from now on, and nobody where it is None. False when nobody was
    told before either. What was asked for before is told as it was said then.

    Raises KeyNotFound, KeyEnded, Forbidden, ReasonRequired, and InvalidInput `url_not_allowed` or `callback_secret_invalid`.
    """
    with access.acting():
        access.require(actor, "manage_keys", subject=f"key {keytext.id_of(key)}")
        reason = access.checked_reason(actor, reason)
        kept = permitted(callback, actor, subject=f"callback of key {keytext.id_of(key)}")
        row = ApiKey.objects.select_for_update(no_key=True).get(pk=named(key).pk)
        if row.revoked_at is not None or row.expires_at <= timezone.now():
            raise KeyEnded
        if kept is None and not row.callback_url:
            return False
        details: dict[str, Any] = {"key": row.pk, "owner": principal_of(row), "label": row.label}
        details |= {"before": origin(row.callback_url), "callback": origin(kept.url if kept else "")}
        ApiKey.objects.filter(pk=row.pk).update(
            callback_url=kept.url if kept else "", callback_secret=kept.secret if kept else None
        )
        ledger.record("api_key.callback_changed", actor=actor, reason=reason, details=details)
    seen.forget(row.pk)
    return True


def permitted(callback: Callback | None, actor: Actor, *, subject: str) -> Kept | None:
    """The callback as it is kept. Deliveries hold results: a person sends them nowhere who may not see them. Raises Forbidden,
    audited, and InvalidInput."""
    if callback is None:
        return None
    if actor.kind == "user":
        access.require(actor, "view_payload", subject=subject)
    return keep.checked(callback)


def origin(url: str) -> str | None:
    """What the audit keeps of it: path and query can hold somebody's token."""
    return read(url).origin if url else None
