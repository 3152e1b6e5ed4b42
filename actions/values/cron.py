"""Cron expressions: which moments one means in a time zone, and how people say it.

Moments are in UTC. Where clocks go forward, what would fall into the hour that is left out comes right after it; where they
go back, a fixed time comes once, the first time. Both as Debian's cron does it; what has a star for its minute or its hour
follows the real time.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from cronsim.explain import explain as explained

from actions.errors import InvalidInput

LONGEST = 100
"""Characters of an expression."""
_FIELDS = {
    "second": "0 to 59",
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, or L for the last one, or LW for the last weekday",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 or SUN to SAT, MON#2 for the second Monday, or 5L for the last Friday",
}
_COUNTED = 5_000
"""So many moments are walked through to say how many there were."""


@dataclass(frozen=True, slots=True)
class Missed:
    """The moments of a stretch of time: the newest of them, and how many there were before those."""

    newest: list[datetime]
    before: int
    """How many more there were; at least so many, where `more` is true."""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that was understood, in a time zone that there is."""

    expression: str
    timezone: str

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The moments after that one, in UTC, each later than the one before."""
        fields, offset = self.expression, timedelta(0)
        seconds, _, rest = self.expression.partition(" ")
        if len(self.expression.split()) == 6 and seconds.isdecimal():
            # A fixed second of a fixed minute: the same minutes, so the same over changes of the clock.
            fields, offset = rest, timedelta(seconds=int(seconds))
        last = moment
        for local in CronSim(fields, (moment - offset).astimezone(ZoneInfo(self.timezone))):
            found = local.astimezone(UTC) + offset
            # A time that is there twice is meant the first time, which may be past already.
            if found > last:
                last = found
                yield found

    def next(self, moment: datetime) -> datetime | None:
        """The first moment after that one; None where none comes within fifty years."""
        return next(self.after(moment), None)

    def several(self, moment: datetime, number: int) -> list[datetime]:
        """The first moments after that one, at most `number`."""
        return list(islice(self.after(moment), number))

    def between(self, first: datetime, until: datetime, most: int) -> Missed:
        """`first`, which is one of its moments, and those after it up to `until`: the newest of them, at most `most`."""
        newest = deque([first], maxlen=most)
        count = 1
        for moment in self.after(first):
            if moment > until:
                break
            if count == _COUNTED:
                return Missed(self._newest(first, until, most), count - most, more=True)
            newest.append(moment)
            count += 1
        return Missed(list(newest), count - len(newest))

    def _newest(self, first: datetime, until: datetime, most: int) -> list[datetime]:
        """The newest moments of a stretch that has very many: looked for from its end, further and further back."""
        span = timedelta(seconds=2 * most)
        while True:
            start = max(first, until - span)
            newest = deque(maxlen=most)  # type: deque[datetime]
            for moment in self.after(start):
                if moment > until:
                    break
                newest.append(moment)
            if len(newest) == most or start == first:
                return list(newest)
            span *= 4

    def explain(self) -> str:
        """A sentence, such as "At 03:00 every day"; the expression itself where it cannot be said."""
        try:
            return explained(self.expression)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return self.expression


def parse(expression: str, timezone: str, *, now: datetime) -> Cron:
    """The expression, if it is one and ever comes. Raises InvalidInput, `invalid_cron` or `invalid_timezone`, with the path."""
    zone = timezone.strip()
    if zone not in timezones():
        raise InvalidInput(
            "invalid_timezone", f"There is no time zone {timezone[:60]!r}; write one such as Europe/Berlin or UTC.",
            path="timezone",
        )  # fmt: skip
    fields = " ".join(expression.split())
    fault = _fault(fields, now)
    if fault:
        raise InvalidInput("invalid_cron", fault, path="cron")
    cron = Cron(fields, zone)
    if cron.next(now) is None:
        raise InvalidInput("invalid_cron", f"{fields!r} never comes: there is no such day.", path="cron")
    return cron


@cache
def timezones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones())


def _fault(fields: str, now: datetime) -> str:
    number = len(fields.split())
    if len(fields) > LONGEST or not fields.isascii():
        return f"A cron expression has at most {LONGEST} plain characters."
    if number not in {5, 6}:
        return (
            f"A cron expression has five fields: minute, hour, day of month, month, day of week (or six, with the second "
            f"first); this has {number}."
        )
    try:
        CronSim(fields, now)
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        if name not in _FIELDS:
            return f"This is no cron expression: {error}."
        order = list(_FIELDS)[6 - number :]
        written = fields.split()[order.index(name)]
        return (
            f"The {name.replace('-', ' ')} {written!r} is not understood, or never comes. It has {_FIELDS[name]}; lists "
            "(1,15), ranges (1-5) and steps (*/10)."
        )
    except (ValueError, TypeError, AssertionError):
        return "This is no cron expression."
    return ""
