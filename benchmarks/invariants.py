"""What must hold in the database once everything has come to rest, whatever was killed meanwhile.

`broken(connection)` looks at all of it and returns one sentence per violation, none when all is well. The effect ledger
(a table with execution_id, attempt) is named by its table, because tests and benchmarks have one each.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from actions import ids


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold: its query returns the rows that break it."""

    row: str
    """Its number among the invariants."""
    meaning: str
    query: str


INVARIANTS = (
    Invariant(
        "I-02",
        "nothing is left running or due",
        """
        SELECT id, status, attempt FROM actions_execution
        WHERE status = 'running' OR status IN ('queued', 'retrying') AND available_at <= now()
        """,
    ),
    Invariant(
        "I-03",
        "one execution per principal, action and key",
        """
        SELECT principal, action_id, idempotency_key, count(*) FROM actions_execution
        WHERE idempotency_key IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I-06",
        "attempts are numbered 1 to n without gaps, and none is open",
        """
        SELECT execution.id, execution.attempt, count(attempt.number), max(attempt.number), count(attempt.outcome)
        FROM actions_execution AS execution
          LEFT JOIN actions_attempt AS attempt ON attempt.execution_id = execution.id
        GROUP BY execution.id, execution.attempt
        HAVING count(attempt.number) <> execution.attempt
          OR coalesce(max(attempt.number), 0) <> execution.attempt
          OR count(attempt.outcome) <> execution.attempt
        """,
    ),
    Invariant(
        "I-07",
        "at most one attempt of an execution succeeded, and only where the execution did",
        """
        SELECT execution.id, execution.status, count(*) FILTER (WHERE attempt.outcome = 'succeeded')
        FROM actions_execution AS execution JOIN actions_attempt AS attempt ON attempt.execution_id = execution.id
        GROUP BY execution.id, execution.status
        HAVING count(*) FILTER (WHERE attempt.outcome = 'succeeded') > 1
          OR execution.status <> 'succeeded' AND count(*) FILTER (WHERE attempt.outcome = 'succeeded') > 0
        """,
    ),
    Invariant(
        "I-09",
        "one audit entry for the acceptance, one for the start and one for the end of each attempt",
        """
        SELECT execution.id, execution.attempt, entries.accepted, entries.started, entries.ended
        FROM actions_execution AS execution
          CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE verb = 'execution.accepted') AS accepted,
              count(*) FILTER (WHERE verb = 'execution.started') AS started,
              count(*) FILTER (WHERE verb IN ('execution.succeeded', 'execution.retrying', 'execution.failed',
                'execution.in_doubt', 'execution.postponed', 'execution.given_back', 'execution.rescued',
                'execution.cancelled', 'execution.stopped', 'execution.suspended')
                AND attempt IS NOT NULL AND attempt > 0) AS ended
            FROM actions_auditentry WHERE execution_id = execution.id
          ) AS entries
        WHERE entries.accepted <> 1 OR entries.started <> execution.attempt
          OR entries.ended < execution.attempt
        """,
    ),
    Invariant(
        "I-09",
        "an attempt's end and its audit entry were written by one transaction",
        """
        SELECT attempt.execution_id, attempt.number, attempt.outcome
        FROM actions_attempt AS attempt
        WHERE attempt.outcome IS NOT NULL AND attempt.lines IS NULL AND NOT EXISTS (
          SELECT FROM actions_auditentry AS entry
          WHERE entry.execution_id = attempt.execution_id AND entry.attempt = attempt.number
            AND entry.verb <> 'execution.started' AND entry.xmin = attempt.xmin)
        """,
    ),
    Invariant(
        "I-09",
        "no audit entry of an execution that is not there",
        """
        SELECT entry.id, entry.verb FROM actions_auditentry AS entry
        WHERE entry.execution_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM actions_execution WHERE id = entry.execution_id)
        """,
    ),
    Invariant(
        "I-14",
        "a step starts only after everything it needs has ended",
        """
        SELECT dependent.id, edge.prerequisite_id
        FROM actions_edge AS edge
          JOIN actions_execution AS dependent ON dependent.id = edge.dependent_id AND dependent.attempt > 0
        WHERE NOT EXISTS (
          SELECT FROM actions_auditentry AS ended
          WHERE ended.execution_id = edge.prerequisite_id
            AND ended.verb IN ('execution.succeeded', 'execution.failed', 'execution.cancelled', 'execution.skipped',
              'execution.resolved', 'execution.rescued')
            AND ended.id < (
              SELECT min(started.id) FROM actions_auditentry AS started
              WHERE started.execution_id = dependent.id AND started.verb = 'execution.started'))
        """,
    ),
    Invariant(
        "I-14",
        "no step is blocked, and no workflow waits, although all that it waits for has ended",
        """
        SELECT waiting.id, waiting.status
        FROM actions_execution AS waiting
        WHERE (status = 'blocked' OR status = 'waiting' AND awaits IS NOT NULL) AND NOT EXISTS (
          SELECT FROM actions_execution AS step
          WHERE step.id = ANY (CASE WHEN waiting.status = 'blocked' THEN waiting.prerequisites ELSE waiting.awaits END)
            AND step.status NOT IN ('succeeded', 'failed', 'cancelled', 'skipped'))
        """,
    ),
    Invariant(
        "I-14",
        "a workflow waits for something, and for nothing that is over",
        """
        SELECT id, wake_at FROM actions_execution
        WHERE status = 'waiting' AND (
          awaits IS NULL AND awaited_event IS NULL AND wake_at IS NULL OR wake_at < now() - interval '5 seconds')
        """,
    ),
    Invariant(
        "I-14",
        "one step per workflow and key",
        """
        SELECT parent_id, step, count(*) FROM actions_execution
        WHERE parent_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I-14",
        "a workflow that has succeeded or was cancelled has left nothing open that is not detached or in doubt",
        """
        SELECT workflow.id, workflow.status, step.id, step.status
        FROM actions_execution AS workflow JOIN actions_execution AS step ON step.parent_id = workflow.id
        WHERE workflow.status IN ('succeeded', 'cancelled') AND NOT step.detached
          AND (step.status IN ('blocked', 'queued', 'retrying', 'waiting')
            OR workflow.status = 'succeeded' AND step.status IN ('running', 'in_doubt'))
          AND NOT EXISTS (
            SELECT FROM actions_auditentry AS entry WHERE entry.execution_id = step.id AND entry.verb = 'execution.retried')
        """,
    ),
)

_WRITERS = """
SELECT id, status, attempt FROM actions_execution WHERE action_id = ANY (%(writers)s)
"""
_EFFECTS = "SELECT execution_id, attempt FROM {ledger}"
_MOST = 5


def broken(
    connection: psycopg.Connection[Any], *, ledger: str = "app_effect", writers: tuple[str, ...] = ()
) -> list[str]:
    """One sentence per violation of I-02 to I-09 and I-14. `writers` are `database` actions that write one ledger row per
    entry."""
    found = []
    for invariant in INVARIANTS:
        rows = connection.execute(invariant.query.encode()).fetchmany(_MOST)
        found += [f"{invariant.row}: {invariant.meaning}: {row}" for row in rows]
    return found + wrong_effects(connection, ledger=ledger, writers=writers)


def wrong_effects(connection: psycopg.Connection[Any], *, ledger: str, writers: tuple[str, ...]) -> list[str]:
    """I-04 and I-05: a succeeded execution has one effect, of its last attempt; any other has none."""
    effects: dict[str, list[int]] = {}
    for public, attempt in connection.execute(sql.SQL(_EFFECTS).format(ledger=sql.Identifier(ledger))):
        effects.setdefault(public, []).append(attempt)
    found = []
    for row_id, status, attempt in connection.execute(_WRITERS, {"writers": list(writers)}):
        public = ids.public_id(row_id)
        expected = [attempt] if status == "succeeded" else []
        seen = effects.get(public, [])
        if seen != expected:
            found.append(f"I-04: {public} is {status} at attempt {attempt}, with the effects of attempts {seen}")
    return found


def missing(connection: psycopg.Connection[Any], acknowledged: list[str]) -> list[str]:
    """I-01: which of the `acknowledged` public ids are not in the database."""
    stored = {ids.public_id(row[0]) for row in connection.execute("SELECT id FROM actions_execution")}
    return [f"I-01: {public} was acknowledged and is lost" for public in acknowledged if public not in stored]
