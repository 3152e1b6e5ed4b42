"""What pauses of every kind have in common: until when one may be."""

from datetime import UTC, datetime, timedelta

from actions.engine.statements import fetch
from actions.errors import InvalidInput

_FAREST = timedelta(days=366)


def checked(until: datetime | None) -> datetime | None:
    """The time in UTC, when it is one to wait for, by the clock that it will be compared with.

    Raises InvalidInput for one that has passed, is more than a year ahead, or lacks its zone.
    """
    if until is None:
        return None
    if until.tzinfo is None:
        raise InvalidInput("invalid_until", "The time needs a time zone.", path="until")
    try:
        until = until.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("invalid_until", "The time is out of range.", path="until") from None
    now = fetch("clock", {})[0][0]
    if until <= now:
        raise InvalidInput("invalid_until", f"That time has passed: it is {now:%Y-%m-%d %H:%M:%S} UTC.", path="until")
    if until > now + _FAREST:
        raise InvalidInput("invalid_until", "The time is more than a year ahead.", path="until")
    return until
