"""tally: counts what the audit tells, per minute and hour, so that charts read a few hundred rows at any size.

The audit says what happened and never changes, where an execution that failed may be retried: so charts are of events, and
what a list counts is counted by the list. An entry is counted once, by the place up to which all have ended (engine/seal.py).

The place is a transaction's number, which means nothing in another cluster: after a restore into one, what came with it is
counted to its end, and this cluster's own entries from its first transaction on.
"""

import time

import structlog

from actions.engine.statements import fetch

EVERY = 5.0
"""Seconds between two passes."""
MINUTE_DAYS = 2
"""Days for which minutes are kept; hours stay."""
_BATCH = 20_000
_LONGEST = 1.0
_HIGHEST = 2**63 - 1

log = structlog.get_logger(__name__)


def tally(*, size: int = _BATCH, longest: float = _LONGEST) -> int:
    """Count new entries, in batches, for about `longest` seconds; returns how many there were."""
    until = time.monotonic() + longest
    total = 0
    while True:
        mark = fetch("tally_mark", {})
        if not mark:
            tally_anew()
        restored = bool(mark and mark[0][0])
        bound = _HIGHEST if restored else None
        counted: int = fetch("tally", {"size": size, "days": MINUTE_DAYS, "bound": bound})[0][0]
        total += counted
        if restored and counted < size:
            log.warning("tallies_restored", counted=total)
            fetch("tally_mark_moved", {})
        elif counted < size or time.monotonic() > until:
            return total


def tally_anew() -> None:
    """Forget the tallies, so that the next passes count the whole audit again."""
    fetch("tally_anew", {})
