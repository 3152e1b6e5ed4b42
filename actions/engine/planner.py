"""Keeps PostgreSQL's picture of the hot tables fresh, and the hot index free of its past.

A prepared statement keeps the plan that was right when the tables were small: a sequential scan. Autovacuum looks once a
minute, and tens of thousands of executions may come in one; so maintain looks every few seconds, and ANALYZE makes every
session plan anew. Sooner than that, a worker that is busy drops its plans by itself, and one that has stored many steps.

A claim begins at the oldest entry of its index, and walks over those that have been claimed before until a VACUUM takes them
out: 0.3 ms for 100,000, and 13 ms for the first claim that meets them.
"""

from actions.engine.statements import fetch

_ANALYZE = {
    "actions_execution": "analyze_execution",
    "actions_attempt": "analyze_attempt",
    "actions_auditentry": "analyze_audit",
    "actions_edge": "analyze_edge",
}
_VACUUM = {
    "actions_execution": "vacuum_execution",
    "actions_unsettled": "vacuum_unsettled",
}
_MOST_DEAD = 2_000
"""Rows. To vacuum those of a second of full load takes some 10 ms."""
_LARGEST = 512 * 2**20
"""Bytes, indexes included: read within a second. Maintain has other things to do meanwhile; autovacuum takes its time."""
EVERY = 5.0
"""Seconds between two looks."""


def replan() -> None:
    """Let this session's prepared statements be planned anew, for the size that the tables have by now."""
    fetch("replan", {})


def tidy() -> list[str]:
    """VACUUM the tables that claims and settles walk over, and ANALYZE those that have changed by a fifth since the last
    time; returns the names of the statements. Not inside a transaction."""
    done = []
    for table, changed, littered in fetch("grown", {"dead": _MOST_DEAD, "bytes": _LARGEST}):
        if littered:
            done.append(_VACUUM[table])
        if changed and table in _ANALYZE:
            done.append(_ANALYZE[table])
    for statement in done:
        fetch(statement, {})
    return done
