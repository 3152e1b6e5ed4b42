"""API keys for tests: of the service account `billing`, or of a user, made by the engine's own verb."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from actions import Actor
from actions.engine import keys
from actions.engine.keys.accounts import create_account
from actions.engine.keys.create import NewKey, create
from actions.engine.keys.key import look
from actions.models import ServiceAccount
from tests.stage import ALICE, rows, value

WHY = "a test"
HERE = "192.0.2.7"


def new_key(*scopes: str, account: str = "billing", user: str = "", **options: Any) -> NewKey:
    """A key that was just made; its account is made as well where it is not there."""
    if not user and not ServiceAccount.objects.filter(pk=account).exists():
        create_account(account, actor=ALICE, reason=WHY)
    owner = {"user": user} if user else {"account": account}
    return create(**{"actor": ALICE, "reason": WHY, "scopes": scopes or ("action:*:read",), **owner, **options})


def actor_of_key(made: NewKey) -> Actor:
    """Who acts with it."""
    standing = look(made.id)
    assert standing is not None
    return standing.key.actor


def keyed(*scopes: str, **options: Any) -> Actor:
    """The actor of a new key with these scopes."""
    return actor_of_key(new_key(*scopes, **options))


def person(name: str, *permissions: str, active: bool = True) -> Any:
    """A user with these permissions and no others."""
    user = get_user_model().objects.create_user(name, password=None, is_active=active)
    for permission in permissions:
        user.user_permissions.add(Permission.objects.get(codename=permission, content_type__app_label="actions"))
    return user


def enter(text: str, address: str = HERE) -> keys.Key:
    """Let somebody in by a key's text."""
    return keys.authenticate(text, address=address)


def denied() -> list[tuple[str, ...]]:
    """The refusals in the audit: kind, id and label of the actor, verb."""
    return rows(
        "SELECT actor_kind, actor_id, actor_label, data->>'verb' FROM actions_auditentry WHERE verb = 'access.denied' "
        "ORDER BY id"
    )


def dump() -> str:
    """Every row of every table of this app, as text."""
    tables = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'auth%%'")
    return "".join(str(rows('SELECT to_jsonb(t)::text FROM "' + name + '" AS t')) for (name,) in tables)


def entries() -> int:
    """How long the audit is."""
    return int(value("SELECT count(*) FROM actions_auditentry"))
