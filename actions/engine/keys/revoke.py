"""revoke: a key is let in no more, from now on and for ever."""

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.keys.authenticate import seen
from actions.errors import KeyNotFound
from actions.models import ApiKey
from actions.values import keytext


def revoke(key: str, *, actor: Actor, reason: str = "") -> bool:
    """Refuse the key: in this process at once, in others when what they have read of it is half a second old. What it asked
    for goes on. False when it was revoked already.

    Raises KeyNotFound, Forbidden, ReasonRequired.
    """
    with access.acting():
        access.require(actor, "manage_keys", subject=f"key {keytext.id_of(key)}")
        reason = access.checked_reason(actor, reason)
        row = named(key)
        changed = ApiKey.objects.filter(pk=row.pk, revoked_at__isnull=True).update(
            revoked_at=Now(), revoked_by=actor.label[:255], revoked_reason=reason
        )
        if changed:
            details = {"key": row.pk, "owner": principal_of(row), "label": row.label}
            ledger.record("api_key.revoked", actor=actor, reason=reason, details=details)
    seen.forget(row.pk)
    return bool(changed)


def named(key: str) -> ApiKey:
    """The row of a key that a person names. Raises KeyNotFound, which does not say what was sent: it may be a whole key."""
    row = ApiKey.objects.filter(pk=keytext.id_of(key)).first()
    if row is None:
        raise KeyNotFound
    return row


def principal_of(key: ApiKey) -> str:
    """Its owner as the id of its actors."""
    return f"service:{key.account_id}" if key.account_id is not None else f"user:{key.user_id}"
