"""group: failed tries that are alike are counted together, a moment after they happened.

Nothing on the hot path knows of it: the audit says which tries failed, and is looked through in the order of (xid, id) up to
the oldest open transaction, as sealing does; so none is left out and none is counted twice, whatever commits when.
"""

from actions.engine.statements import fetch

BATCH = 5_000
"""Failures counted by one statement at most."""
_ROUNDS = 20
"""So many batches at a time: maintain has other chores."""
_TALLY_DAYS = 31


def group() -> int:
    """Count what has failed since the last time; returns how many tries that were."""
    total = 0
    for _ in range(_ROUNDS):
        counted = fetch("group_errors", {"size": BATCH})[0][0]
        total += counted
        if counted < BATCH:
            break
    return total


def forget() -> None:
    """Drop the hours that no sparkline shows any more."""
    fetch("forget_tallies", {"days": _TALLY_DAYS})
