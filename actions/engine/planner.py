"""Keeps PostgreSQL's picture of the hot tables fresh.

A prepared statement keeps the plan that was right when the tables were small: a sequential scan. Autovacuum looks once a
minute, and tens of thousands of executions may come in one; so maintain looks every few seconds, and ANALYZE makes every
session plan anew. Sooner than that, a worker that is busy drops its plans by itself, and one that has stored many steps.
"""

from actions.engine.statements import fetch

_ANALYZE = {
    "actions_execution": "analyze_execution",
    "actions_attempt": "analyze_attempt",
    "actions_auditentry": "analyze_audit",
    "actions_edge": "analyze_edge",
}
EVERY = 5.0
"""Seconds between two looks."""


def replan() -> None:
    """Let this session's prepared statements be planned anew, for the size that the tables have by now."""
    fetch("replan", {})


def analyze() -> list[str]:
    """ANALYZE the tables that have changed by a fifth since the last time; returns their names."""
    tables = [row[0] for row in fetch("grown", {})]
    for table in tables:
        fetch(_ANALYZE[table], {})
    return tables
