"""Which of the times that have come are done: those on time always, missed ones as the schedule's policy says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.states import CatchUp
from actions.values.cron import Cron

ON_TIME = timedelta(seconds=60)
"""A time that came longer ago was missed; the page calls its schedule late."""
MOST = 100
"""Missed times that are caught up at most, the newest ones."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a schedule does now."""

    times: list[datetime]
    """One execution each, oldest first."""
    left_out: int
    """Times that have come and are not done."""
    more: bool
    """Whether there are more of them than were counted."""
    next: datetime | None


def due(cron: Cron, first: datetime, now: datetime, catch_up: str) -> Due:
    """What is to be done of `first` and the times after it that have come by `now`."""
    missed = cron.between(first, now, MOST)
    on_time = [time for time in missed.newest if time > now - ON_TIME]
    everything = not missed.before and len(on_time) == len(missed.newest)
    if everything or catch_up == CatchUp.ALL:
        times = missed.newest
    elif catch_up == CatchUp.ONE:
        times = missed.newest[-1:]
    else:
        times = on_time
    left_out = missed.before + len(missed.newest) - len(times)
    return Due(times, left_out, missed.more, cron.next(max(now, first)))
