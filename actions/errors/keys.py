"""API keys: who could not be let in, and what about keys was refused."""

from actions.errors.base import DoplatformError


class Unauthenticated(DoplatformError):
    """There is no valid API key in this request. Send one that has been neither revoked nor replaced and has not expired, as
    `Authorization: Bearer do_live_…`."""

    # One sentence for every cause: it tells nobody whether a key exists.
    code = "unauthenticated"


class RateLimited(DoplatformError):
    """This API key asks more often than it may; nothing was done."""

    code = "rate_limited"

    def __init__(self, retry_after: float, rate: float) -> None:
        super().__init__(
            f"This API key asks more often than {rate:g} times a second; nothing was done. "
            f"Ask again in {max(retry_after, 0.01):.2f} s."
        )
        self.retry_after = retry_after
        """Seconds after which one request is let through."""


class KeyNotFound(DoplatformError):
    """There is no API key of that id; nothing was changed."""

    code = "api_key_not_found"


class KeyMade(DoplatformError):
    """This form was sent before, and made a key then; its text was shown once, and is kept nowhere. Nothing was made now."""

    code = "api_key_made"


class KeyEnded(DoplatformError):
    """The API key is not active any more; nothing was changed. Make a new one."""

    code = "api_key_ended"


class TooManyKeys(DoplatformError):
    """There are two active API keys of this owner and label, as many as a rotation needs; nothing was made. Revoke one first."""

    code = "too_many_api_keys"


class AccountDisabled(DoplatformError):
    """The service account is disabled; nothing was made. Enable it first."""

    code = "account_disabled"


class AccountNotFound(DoplatformError):
    """There is no service account, or no active user, of that name; nothing was changed."""

    code = "account_not_found"
