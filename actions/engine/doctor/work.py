"""The work: who does it, what waits for them, and what waits for a person."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from actions import conf
from actions.definitions.registry import registry
from actions.engine import workers
from actions.engine.doctor.finding import Finding, Level, judged
from actions.engine.ledger import MAINTAIN_LOCK
from actions.engine.schedules.due import ON_TIME

LATE = 60.0
"""Seconds after which a due execution should have been started, unless there is too little capacity."""
VERY_LATE = 900.0

# A lock by one bigint shows as two halves and objsubid 1.
_LEADER = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = %s
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_OLDEST = """
SELECT execution.queue, count(*), extract(epoch FROM now() - min(execution.available_at))::float8
FROM actions_execution AS execution
WHERE status IN ('queued', 'retrying') AND available_at <= now()
  AND execution.queue NOT IN (SELECT name FROM actions_queue WHERE paused_at IS NOT NULL)
  AND action_id NOT IN (
    SELECT name FROM actions_action WHERE paused_at IS NOT NULL
      OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL))
  AND NOT tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)
GROUP BY execution.queue ORDER BY execution.queue
"""
_DOUBTS = "SELECT count(*) FROM actions_execution WHERE status = 'in_doubt'"
_UNDECLARED = """
SELECT action_id, count(*) FROM actions_execution
WHERE status IN ('blocked', 'queued', 'running', 'retrying', 'waiting') AND NOT action_id = ANY (%s)
GROUP BY action_id ORDER BY action_id
"""

_SCHEDULES = """
SELECT count(*) FILTER (WHERE failing), min(label) FILTER (WHERE failing), count(*) FILTER (WHERE next_at < now() - %s)
FROM (
  SELECT action_id || '/' || name AS label, last_error <> '' AND paused_at IS NULL AND NOT withdrawn AS failing, next_at
  FROM actions_schedule) AS schedule
"""


def examine() -> Iterator[Finding]:
    """Every finding about the work. Raises Django's database errors when it cannot be asked."""
    yield from present()
    yield leader()
    yield from waiting()
    yield doubts()
    yield undeclared()
    yield from schedules()
    yield secret_keys()


def present() -> Iterator[Finding]:
    """Live workers of each queue."""
    for queue in settings.RQ_QUEUES:
        with connection.wrap_database_errors:
            count, quiet = workers.count_live(queue)
        lacking = (
            f"all workers of the queue {queue} are quiet ({quiet})" if quiet else f"no live worker of the queue {queue}"
        )
        yield judged(
            f"workers.{queue}",
            Level.OK if count else Level.FAIL,
            f"{count} live" if count else lacking,
            f"What is accepted for this queue waits until a worker {'is resumed' if quiet else 'starts'}.",
            "See manage.py workers, then: manage.py resume_worker N" if quiet else f"Start one: manage.py work {queue}",
        )


def leader() -> Finding:
    """Whether a maintain holds its lock."""
    leads = bool(_rows(_LEADER, [MAINTAIN_LOCK])[0][0])
    return judged(
        "maintain",
        Level.OK if leads else Level.FAIL,
        "one acts" if leads else "no maintain is running",
        "Nobody wakes scheduled and retrying executions, nor finds the attempts of dead workers.",
        "Start one: manage.py maintain",
    )


def waiting() -> Iterator[Finding]:
    """The oldest due execution of each queue that has any; paused ones wait on purpose."""
    rows = _rows(_OLDEST)
    if not rows:
        yield Finding("due", Level.OK, "nothing that is due waits")
    for queue, count, age in rows:
        yield judged(
            f"due.{queue}",
            Level.FAIL if age > VERY_LATE else Level.WARN if age > LATE else Level.OK,
            f"{count} due in the queue {queue}, the oldest since {age:.0f} s",
            "The workers cannot keep up, are stuck, or do not have the code of these actions.",
            f"Look at: manage.py executions list --status queued --queue {queue}; start more workers.",
        )


def doubts() -> Finding:
    """Executions in doubt."""
    count = _rows(_DOUBTS)[0][0]
    return judged(
        "in_doubt",
        Level.WARN if count else Level.OK,
        f"{count} in doubt",
        "Their outside effect may or may not have happened; they wait for a resolver or a person.",
        "manage.py executions list --status in_doubt, find out, then: manage.py resolve ID happened|run_again|give_up",
    )


def undeclared() -> Finding:
    """Open executions of actions that this code does not have."""
    rows = _rows(_UNDECLARED, [[action.name for action in registry]])
    listed = ", ".join(f"{name} ({count})" for name, count in rows)
    return judged(
        "undeclared",
        Level.WARN if rows else Level.OK,
        f"open executions of actions that this code does not declare: {listed}" if rows else "none",
        "No worker with this code can perform them.",
        "Put the action back (or deploy it here), or cancel these executions.",
    )


def schedules() -> Iterator[Finding]:
    """Schedules that start nothing, and those whose time has come and gone."""
    ((failing, first, late),) = _rows(_SCHEDULES, [ON_TIME])
    yield judged(
        "schedules.failing",
        Level.WARN if failing else Level.OK,
        f"{failing} started nothing last time, such as {first}" if failing else "none started nothing last time",
        "What they are for does not happen; their next time goes the same way until the cause is gone.",
        "manage.py schedules --state failing says why; correct the params or put the action back, and run them now.",
    )
    yield judged(
        "schedules.late",
        Level.WARN if late else Level.OK,
        f"{late} due for over a minute",
        "Maintain does not run, hangs, or cannot store what they ask for.",
        "manage.py schedules --state late; look at maintain and its log.",
    )


def secret_keys() -> Finding:
    """Keys for secret params of their own."""
    secretive = [action.name for action in registry if action.params.secret]
    keys = conf.get().SECRET_KEYS
    return judged(
        "secret_keys",
        Level.WARN if secretive and not keys else Level.OK,
        f"{len(keys)} keys" if keys else f"none set; {len(secretive)} actions have secret params",
        "Secret params are encrypted with a key made from SECRET_KEY: once that is changed they cannot be read.",
        'Set DOPLATFORM["SECRET_KEYS"] (SECRET_FIELD_KEYS in the environment) to keys made by Fernet.generate_key().',
    )


def _rows(statement: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
