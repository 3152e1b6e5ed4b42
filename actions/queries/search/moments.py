"""Times as people write them: `2026-01-31`, `2026-01-31T14:30`, `-2h`, `today`."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_RELATIVE = re.compile(r"-(\d{1,9})(s|m|h|d|w)\Z", re.ASCII)
_ABSOLUTE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?\Z", re.ASCII
)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DAYS = {"today": 0, "yesterday": 1}
FORMS = "2026-01-31, 2026-01-31T14:30, -2h, -7d, today or yesterday"


def moment_of(text: str, *, zone: tzinfo, now: datetime) -> datetime | None:
    """The time that `text` means in the reader's zone, in UTC; None when it means none.

    A time that a change of the clocks leaves out is read as if the clocks had not been changed yet.
    """
    word = text.strip().lower()
    try:
        if word == "now":
            return now.astimezone(UTC)
        if word in _DAYS:
            day = now.astimezone(zone).date() - timedelta(days=_DAYS[word])
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        relative = _RELATIVE.match(word)
        if relative:
            return now.astimezone(UTC) - timedelta(seconds=int(relative[1]) * _SECONDS[relative[2]])
        if not _ABSOLUTE.match(text.strip()):
            return None
        found = datetime.fromisoformat(text.strip().upper())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
