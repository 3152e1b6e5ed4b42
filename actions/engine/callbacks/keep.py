"""keep: a callback is checked when it is asked for, and stored with its execution."""

from collections.abc import Sequence
from uuid import UUID

from actions.definitions.callback import Callback, Kept
from actions.engine import secrets
from actions.engine.statements import fetch
from actions.errors import InvalidInput
from actions.outside import rules
from actions.outside.address import check_url
from actions.outside.signature import is_secret


def checked(callback: Callback | Kept | None) -> Kept | None:
    """The callback, when it may be kept: with an execution, or with a key. What a key has was judged when the key got it:
    who asks with the key cannot mend it, so that a rule which has changed since is said by the delivery.

    Raises InvalidInput `url_not_allowed` or `callback_secret_invalid`. Names are not resolved here: where they lead is
    judged at every delivery.
    """
    if callback is None or isinstance(callback, Kept):
        return callback
    check_url(callback.url, rules.current(), path="callback.url")
    if callback.secret and not is_secret(callback.secret):
        raise InvalidInput(
            "callback_secret_invalid",
            "The secret of a callback is whsec_ and 24 to 64 bytes in base 64.",
            path="callback.secret",
        )
    return Kept(callback.url, secrets.encrypt({"secret": callback.secret}) if callback.secret else None)


def restored(kept: Kept) -> Callback:
    """What was kept. Raises SecretUnreadable."""
    return Callback(kept.url, secrets.decrypt(kept.secret)["secret"] if kept.secret is not None else "")


def store(kept: Kept, executions: Sequence[UUID]) -> None:
    """Write it down for executions that this transaction has stored with `has_callback`."""
    fetch("callback", {"ids": list(executions), "url": kept.url, "secret": kept.secret})
