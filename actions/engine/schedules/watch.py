"""watch: maintain's chore. It knows when the next schedule is due, and leaves the table alone until then."""

import time
from datetime import datetime

from actions.engine.schedules.fire import fire
from actions.engine.statements import fetch

EVERY = 5.0
"""Seconds until it looks for new ones: somebody may have made one meanwhile."""
_BATCH = 100
"""Schedules at a time: maintain's other chores get their turn between them."""


class Watch:
    """Fires what is due, and looks again when the next one is."""

    def __init__(self) -> None:
        self._again = 0.0

    def look(self) -> int:
        """Fire what is due; returns how many schedules that were. Costs nothing before something can be due."""
        if time.monotonic() < self._again:
            return 0
        fired = 0
        wait = _wait()
        while wait <= 0.0 and fired < _BATCH and fire():
            fired += 1
            wait = _wait()
        self._again = time.monotonic() + max(0.0, min(wait, EVERY))
        return fired


def _wait() -> float:
    """Seconds until the next schedule is due, by the database's clock."""
    now: datetime
    next_at: datetime | None
    now, next_at = fetch("earliest_schedule", {})[0]
    return EVERY if next_at is None else (next_at - now).total_seconds()
