"""create: a new API key. Its text is in the answer and nowhere else."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from actions import conf
from actions.definitions.actor import Actor
from actions.definitions.callback import Callback, Kept
from actions.engine import access, ledger
from actions.engine.keys import owner as owners
from actions.engine.keys import scopes as grammar
from actions.engine.keys.callback import origin, permitted
from actions.engine.keys.key import digest_of
from actions.engine.keys.owner import Owner
from actions.errors import InvalidInput, KeyMade, storable
from actions.models import ApiKey
from actions.values import keytext

LONGEST_LIFE = 3_660
"""Days."""
HIGHEST_RATE = 100_000.0
_LONGEST_LABEL = 100
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which its text is known."""

    id: str
    text: str = field(repr=False)
    owner: str
    label: str
    scopes: tuple[str, ...]
    expires_at: datetime
    callback: Kept | None = field(default=None, repr=False)


def create(
    *,
    scopes: Sequence[str],
    label: str = "default",
    account: str = "",
    user: str = "",
    days: int | None = None,
    rate: float | None = None,
    callback: Callback | None = None,
    actor: Actor,
    reason: str = "",
    once: str = "",
) -> NewKey:
    """Make a key for a service account, or for a user (by username).

    It may do what `scopes` say, `rate` requests a second, for `days` (KEY_RATE and KEY_DAYS where nothing is said). The ends
    of what is asked with it are told to `callback`. The same `once`, such as the key of a form, makes one.

    Raises Forbidden, ReasonRequired, AccountNotFound, AccountDisabled, TooManyKeys, KeyMade, InvalidInput.
    """
    with access.acting():
        access.require(actor, "manage_keys", subject=f"key of {account or user}")
        reason = access.checked_reason(actor, reason)
        granted = grammar.parse(scopes)
        label = checked_label(label)
        owner = owners.lock(account=account, user=user)
        owners.permit(actor, owner, granted)
        kept = permitted(callback, actor, subject=f"callback of a key of {owner.name}")
        known = unused(once)
        owners.room(owner, label)
        new = store(owner, label, granted, days=days, rate=rate, actor=actor, known=known, callback=kept)
        ledger.record("api_key.created", actor=actor, reason=reason, details=told(new, owner))
    return new


def store(
    owner: Owner,
    label: str,
    granted: tuple[str, ...],
    *,
    days: int | None,
    rate: float | None,
    actor: Actor,
    replaces: str = "",
    known: str = "",
    callback: Kept | None = None,
) -> NewKey:
    """Make and keep a key of a locked owner; `known` is its id where that is known before."""
    life = timedelta(days=_days(days))
    for _ in range(_ROUNDS):
        made = keytext.make(known)
        try:
            with transaction.atomic():
                row = ApiKey.objects.create(
                    id=made.id,
                    digest=digest_of(made.text),
                    label=label,
                    account_id=owner.account,
                    user_id=owner.user,
                    owner=owner.name,
                    scopes=list(granted),
                    rate=_rate(rate),
                    created_by=actor.label[:255],
                    expires_at=Now() + life,
                    replaces=replaces,
                    callback_url=callback.url if callback else "",
                    callback_secret=callback.secret if callback else None,
                )
        except IntegrityError:
            # An id that is taken: two in a trillion.
            continue
        row.refresh_from_db(fields=["expires_at"])
        return NewKey(made.id, made.text, owner.name, label, granted, row.expires_at, callback)
    raise RuntimeError("no free id for an API key was found")


def unused(once: str) -> str:
    """The id of the key that `once` makes; empty for none. Raises KeyMade."""
    if not once:
        return ""
    known = keytext.id_from(hmac.digest(settings.SECRET_KEY.encode(), f"doplatform.key:{once}".encode(), "sha256"))
    if ApiKey.objects.filter(pk=known).exists():
        raise KeyMade
    return known


def told(new: NewKey, owner: Owner) -> dict[str, object]:
    """What the audit keeps of a new key."""
    details: dict[str, object] = {
        "key": new.id,
        "owner": owner.principal,
        "label": new.label,
        "scopes": list(new.scopes),
        "expires_at": new.expires_at.isoformat(),
    }
    return details | ({"callback": origin(new.callback.url)} if new.callback else {})


def checked_label(label: str) -> str:
    """The label, when it can be one. Raises InvalidInput."""
    label = keytext.without_keys(storable(label.strip()))
    if not label or len(label) > _LONGEST_LABEL:
        raise InvalidInput("invalid_label", f"A key's label has 1 to {_LONGEST_LABEL} characters.", path="label")
    return label


def _days(wanted: int | None) -> int:
    days = conf.get().KEY_DAYS if wanted is None else wanted
    if not 1 <= days <= LONGEST_LIFE:
        raise InvalidInput("invalid_days", f"A key lives for 1 to {LONGEST_LIFE:,} days.", path="days")
    return days


def _rate(wanted: float | None) -> float:
    rate = conf.get().KEY_RATE if wanted is None else wanted
    if not (isfinite(rate) and 0.01 <= rate <= HIGHEST_RATE):
        raise InvalidInput("invalid_rate", f"A key may ask 0.01 to {HIGHEST_RATE:,.0f} times a second.", path="rate")
    return rate
