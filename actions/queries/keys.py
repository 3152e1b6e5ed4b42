"""API keys and service accounts, to read."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now

from actions.errors import storable
from actions.models import ApiKey, ServiceAccount
from actions.queries.deliveries import shown_url
from actions.queries.listing import moment

MOST = 200
"""Keys that one list shows."""
STATES = ("active", "expired", "revoked", "account disabled", "user inactive")


def with_state(keys: QuerySet[ApiKey]) -> QuerySet[Any]:
    """Each with its `state`: whether it is let in now, or why not."""
    people = get_user_model().objects.filter(pk=OuterRef("user_id"), is_active=True)
    return keys.annotate(
        state=Case(
            When(revoked_at__isnull=False, then=Value("revoked")),
            When(expires_at__lte=Now(), then=Value("expired")),
            When(account__disabled_at__isnull=False, then=Value("account disabled")),
            When(Q(user_id__isnull=False) & ~Exists(people), then=Value("user inactive")),
            default=Value("active"),
            output_field=CharField(),
        )
    )


def listed(*, owner: str = "", active: bool = False) -> list[dict[str, Any]]:
    """Keys as values ready for JSON, newest first, of one owner or of all; never anything of their texts."""
    keys = with_state(ApiKey.objects.all())
    if owner:
        keys = keys.filter(owner=storable(owner))
    if active:
        keys = keys.filter(state="active")
    return [_shown(key) for key in keys.order_by("-created_at", "id")]


def shown(*, owner: str = "", state: str = "") -> list[Any]:
    """Keys as rows with their state, the newest MOST. `state`: active, or ended for all others; empty for both."""
    keys = with_state(ApiKey.objects.select_related("account"))
    if owner:
        keys = keys.filter(owner=storable(owner))
    if state in {"active", "ended"}:
        keys = keys.filter(state="active") if state == "active" else keys.exclude(state="active")
    return list(keys.order_by("-created_at", "id")[:MOST])


def successors(key: str) -> list[str]:
    """The ids of the keys that it was rotated into."""
    return list(ApiKey.objects.filter(replaces=key).order_by("created_at").values_list("pk", flat=True))


def find(key: str) -> Any | None:
    """One key with its state, None when there is none."""
    return with_state(ApiKey.objects.filter(pk=key)).first() if key.isascii() and key.isalnum() else None


def with_active(accounts: QuerySet[ServiceAccount]) -> QuerySet[Any]:
    """Each with `active`, the number of its keys that have neither expired nor been revoked."""
    living = Q(keys__revoked_at__isnull=True, keys__expires_at__gt=Now())
    return accounts.annotate(active=Count("keys", filter=living))


def accounts() -> list[dict[str, Any]]:
    """Service accounts by name, as values ready for JSON."""
    return [
        {
            "name": account.name,
            "description": account.description,
            "created_at": moment(account.created_at),
            "disabled_at": moment(account.disabled_at),
            "active_keys": account.active,
        }
        for account in with_active(ServiceAccount.objects.all()).order_by("name")
    ]


def owners() -> list[Any]:
    """Service accounts as rows with the number of their active keys."""
    return list(with_active(ServiceAccount.objects.all()).order_by("name")[:MOST])


def open_accounts() -> list[str]:
    """The names of the accounts that keys can be made for."""
    return list(ServiceAccount.objects.filter(disabled_at__isnull=True).order_by("name").values_list("pk", flat=True))


def account(name: str) -> ServiceAccount | None:
    """One account, None when there is none."""
    return None if "\x00" in name else ServiceAccount.objects.filter(pk=name).first()


def _shown(key: Any) -> dict[str, Any]:
    return {
        "id": key.id,
        "owner": key.owner,
        "principal": f"service:{key.account_id}" if key.account_id is not None else f"user:{key.user_id}",
        "label": key.label,
        "state": key.state,
        "scopes": key.scopes,
        "rate": key.rate,
        "callback": shown_url(key.callback_url) or None,
        "created_at": moment(key.created_at),
        "created_by": key.created_by,
        "expires_at": moment(key.expires_at),
        "replaces": key.replaces or None,
        "last_used_at": moment(key.last_used_at),
        "last_used_ip": key.last_used_ip,
        "revoked_at": moment(key.revoked_at),
        "revoked_by": key.revoked_by or None,
        "revoked_reason": key.revoked_reason or None,
    }
