"""accounts: service accounts, which own keys: made, disabled with all their keys, enabled again."""

import re

from django.db.models.functions import Now

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.engine.keys.authenticate import seen
from actions.errors import AccountNotFound, InvalidInput, storable
from actions.models import ServiceAccount
from actions.values import keytext

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")
_LONGEST_DESCRIPTION = 2_000


def create_account(name: str, *, description: str = "", actor: Actor, reason: str = "") -> None:
    """Make an account. Raises Forbidden, ReasonRequired, InvalidInput."""
    with access.acting():
        access.require(actor, "manage_keys", subject=f"service account {name}")
        reason = access.checked_reason(actor, reason)
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                "invalid_account_name",
                "A service account's name has 1 to 100 characters of a-z 0-9 . _ -, a letter first.",
                path="name",
            )
        description = keytext.without_keys(storable(description.strip()))[:_LONGEST_DESCRIPTION]
        _, made = ServiceAccount.objects.get_or_create(name=name, defaults={"description": description})
        if not made:
            raise InvalidInput("account_exists", f"There is a service account called {name!r} already.", path="name")
        ledger.record("service_account.created", actor=actor, reason=reason, details={"service_account": name})


def disable_account(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let none of its keys in. False when it was disabled already."""
    return _change(name, actor, reason, disabled=True)


def enable_account(name: str, *, actor: Actor, reason: str = "") -> bool:
    """Let them in again, those that have neither expired nor been revoked. False when it was not disabled."""
    return _change(name, actor, reason, disabled=False)


def _change(name: str, actor: Actor, reason: str, *, disabled: bool) -> bool:
    with access.acting():
        access.require(actor, "manage_keys", subject=f"service account {name}")
        reason = access.checked_reason(actor, reason)
        rows = ServiceAccount.objects.filter(pk=storable(name))
        if not rows.exists():
            raise AccountNotFound(f"There is no service account called {name[:100]!r}; nothing was changed.")
        changed = rows.filter(disabled_at__isnull=disabled).update(disabled_at=Now() if disabled else None)
        if changed:
            verb = f"service_account.{'disabled' if disabled else 'enabled'}"
            ledger.record(verb, actor=actor, reason=reason, details={"service_account": name})
    seen.clear()
    return bool(changed)
