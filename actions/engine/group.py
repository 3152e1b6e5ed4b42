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
_HIGHEST = 2**63 - 1


def group(*, size: int = BATCH) -> int:
    """Count what has failed since the last time; returns how many tries that were."""
    total = 0
    for _ in range(_ROUNDS):
        mark = fetch("error_mark", {})
        if not mark:
            fetch("group_anew", {})
        # As engine/tally.py: the mark's transaction means nothing in the cluster that this database was restored into.
        restored = bool(mark and mark[0][0])
        counted = fetch("group_errors", {"size": size, "bound": _HIGHEST if restored else None})[0][0]
        total += counted
        if restored and counted < size:
            fetch("error_mark_moved", {})
        elif counted < size:
            break
    return total


def forget() -> None:
    """Drop the hours that no sparkline shows any more."""
    fetch("forget_tallies", {"days": _TALLY_DAYS})
