"""tally: counts what the audit tells, per minute and hour, so that charts read a few hundred rows at any size.

The audit says what happened and never changes, where an execution that failed may be retried: so charts are of events, and
what a list counts is counted by the list. An entry is counted once, by the place up to which all have ended (engine/seal.py).
"""

import time

from actions.engine.statements import fetch

EVERY = 5.0
"""Seconds between two passes."""
MINUTE_DAYS = 2
"""Days for which minutes are kept; hours stay."""
_BATCH = 20_000
_LONGEST = 1.0


def tally(*, size: int = _BATCH, longest: float = _LONGEST) -> int:
    """Count new entries, in batches, for about `longest` seconds; returns how many there were."""
    until = time.monotonic() + longest
    total = 0
    while True:
        counted: int = fetch("tally", {"size": size, "days": MINUTE_DAYS})[0][0]
        total += counted
        if counted < size or time.monotonic() > until:
            return total


def tally_anew() -> None:
    """Forget the tallies, so that the next passes count the whole audit again."""
    fetch("tally_anew", {})
