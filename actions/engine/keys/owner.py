"""Who a key belongs to, and who may make one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.keys import scopes
from actions.errors import AccountDisabled, AccountNotFound, Forbidden, TooManyKeys, storable
from actions.models import ApiKey, ServiceAccount

MOST_ACTIVE = 2
"""Active keys of one owner and label: the old one and the new one."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A service account or a user, whose row is locked."""

    name: str
    account: str | None = None
    user: int | None = None

    @property
    def principal(self) -> str:
        """As the id of the actors of its keys."""
        return f"service:{self.account}" if self.account is not None else f"user:{self.user}"

    def active(self, label: str) -> QuerySet[ApiKey]:
        """Its keys of that label that are let in."""
        return ApiKey.objects.filter(
            account=self.account, user=self.user, label=label, revoked_at__isnull=True, expires_at__gt=Now()
        )


def lock(*, account: str = "", user: str = "") -> Owner:
    """The service account of that name, or the user of that username; its keys change one after the other.

    Raises AccountNotFound, AccountDisabled.
    """
    if bool(account) == bool(user):
        raise AccountNotFound("A key belongs to a service account or to a user: name one of them. Nothing was made.")
    if account:
        row = ServiceAccount.objects.select_for_update(no_key=True).filter(pk=storable(account)).first()
        if row is None:
            raise AccountNotFound(f"There is no service account called {account[:100]!r}; nothing was changed.")
        if row.disabled_at is not None:
            raise AccountDisabled
        return Owner(row.name, account=row.name)
    users = get_user_model().objects.select_for_update(no_key=True)
    person = users.filter(Q(is_active=True), **{get_user_model().USERNAME_FIELD: storable(user)}).first()
    if person is None:
        raise AccountNotFound(f"There is no active user called {user[:100]!r}; nothing was changed.")
    return Owner(person.get_username()[:150], user=person.pk)


def lock_of(key: ApiKey) -> Owner:
    """The owner of a key that there is."""
    if key.account_id is not None:
        return lock(account=key.account_id)
    assert key.user_id is not None
    person = get_user_model().objects.filter(pk=key.user_id).first()
    return lock(user=person.get_username() if person else "\x00")


def permit(actor: Actor, owner: Owner, granted: Sequence[str]) -> None:
    """Whoever gets to see a new key can do what it may: so nobody grants more than they may themselves, and nobody makes a
    key in another person's name. Raises Forbidden, audited."""
    if actor.kind != "user":
        return
    if owner.user is not None and str(owner.user) != actor.id:
        access.refuse(actor, "manage_keys", f"key of {owner.name}")
        raise Forbidden(
            f"{actor.label} cannot make a key that acts as {owner.name}; nothing was changed. {owner.name} can make it, or "
            "whoever has the command line."
        )
    for permission in sorted({scopes.permission(scope) for scope in granted}):
        access.require(actor, permission, subject=f"scope of a key of {owner.name}")


def room(owner: Owner, label: str) -> None:
    """Raises TooManyKeys when there is no room for one more."""
    if owner.active(label).count() >= MOST_ACTIVE:
        raise TooManyKeys
