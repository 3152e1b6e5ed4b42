"""rotate: a second key beside the first, which may do the same; the first one ends after a while."""

from datetime import timedelta

from django.db.models.functions import Least, Now

from actions.definitions.actor import Actor
from actions.definitions.callback import Kept
from actions.engine import access, ledger
from actions.engine.keys import owner as owners
from actions.engine.keys.authenticate import seen
from actions.engine.keys.create import NewKey, store, told, unused
from actions.engine.keys.revoke import named
from actions.errors import InvalidInput, KeyEnded
from actions.models import ApiKey
from actions.values import keytext

OVERLAP = 7
"""Days for which both are let in, where nobody says otherwise."""
LONGEST_OVERLAP = 90


def rotate(
    key: str,
    *,
    overlap: int = OVERLAP,
    days: int | None = None,
    actor: Actor,
    reason: str = "",
    once: str = "",
) -> NewKey:
    """Make a key of the same owner, label, scopes, rate and callback. Both are let in for `overlap` days, unless the first
    one expires before; 0 ends it now. What was asked with the first one's idempotency keys is found with the second's: their
    owner is the same.

    The same `once` makes one. Raises KeyNotFound, KeyEnded, KeyMade, TooManyKeys, Forbidden, ReasonRequired, InvalidInput.
    """
    with access.acting():
        access.require(actor, "manage_keys", subject=f"key {keytext.id_of(key)}")
        reason = access.checked_reason(actor, reason)
        if not 0 <= overlap <= LONGEST_OVERLAP:
            raise InvalidInput("invalid_days", f"Both keys live for 0 to {LONGEST_OVERLAP} days.", path="overlap")
        old = named(key)
        owner = owners.lock_of(old)
        if not owner.active(old.label).filter(pk=old.pk).exists():
            raise KeyEnded
        granted = tuple(old.scopes)
        owners.permit(actor, owner, granted)
        known = unused(once)
        owners.room(owner, old.label)
        new = store(
            owner,
            old.label,
            granted,
            days=days,
            rate=old.rate,
            actor=actor,
            replaces=old.pk,
            known=known,
            callback=_callback(old),
        )
        ApiKey.objects.filter(pk=old.pk).update(expires_at=Least("expires_at", Now() + timedelta(days=overlap)))
        old.refresh_from_db(fields=["expires_at"])
        details = {**told(new, owner), "replaces": old.pk, "replaced_expires_at": old.expires_at.isoformat()}
        ledger.record("api_key.rotated", actor=actor, reason=reason, details=details)
    seen.forget(old.pk)
    return new


def _callback(key: ApiKey) -> Kept | None:
    if not key.callback_url:
        return None
    return Kept(key.callback_url, None if key.callback_secret is None else bytes(key.callback_secret))
