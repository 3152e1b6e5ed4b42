"""Fills a database by COPY, as if a busy installation had been at work for a month: executions, attempts, audit.

python -m benchmarks.fill --number 2000000: into the database of DATABASE_URL, whose tables are there and empty.

1 % failed, of 200 kinds; few in doubt, queued, scheduled, running; 60 actions, one of them rare; 5 queues; tags that are
common, rare and unique; one in twenty belongs to a workflow of five. The same number gives the same rows, but for the time.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

DAYS = 30
ACTIONS = 60
QUEUES = ("default", "mail", "reports", "slow", "webhooks")
RARE_ACTION = "rare-report"
NEEDLE = "needle"
"""A tag that five executions have, a text in one error, and the value of one param; all of them old."""
_BATCH = 20_000
_VERBS = ("send", "sync", "charge", "import", "render", "notify")
_THINGS = ("email", "invoice", "order", "customer", "report", "image", "webhook", "ledger", "stock", "label")
_FAULTS = ("timed out", "refused the connection", "answered 502", "answered 429", "is not reachable", "closed early",
           "sent no body", "sent bad JSON", "lost the session", "rejected the token")  # fmt: skip
_EXECUTION = """COPY actions_execution (id, action_id, queue, priority, status, params, result, error, fingerprint, principal,
  idempotency_key, actor_kind, actor_id, actor_label, tags, attempt, tries, losses, worker_id, created_at, available_at,
  started_at, finished_at, parent_id, step, prerequisites, awaited_event) FROM STDIN"""
_ATTEMPT = """COPY actions_attempt (execution_id, number, worker_id, started_at, finished_at, duration, outcome, error)
  FROM STDIN"""
_AUDIT = """COPY actions_auditentry (at, verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  FROM STDIN"""
_ACTION = """INSERT INTO actions_action (name, kind, description, effects, queue, policies, params_schema, result_schema, tags,
  secret_params, declared, synced_at, paused_by, paused_reason, notes)
  VALUES (%s, %s, 'For the benchmark.', 'external', %s, '{}', '{"type": "object"}', '{}', '[]', '[]', true, now(), '', '', '')
  ON CONFLICT DO NOTHING"""
_WORKER = """INSERT INTO actions_worker (id, name, host, pid, queues, started_at, heartbeat_at)
  VALUES (%s, %s, 'bench', %s, %s, now(), now()) ON CONFLICT DO NOTHING"""
_QUEUE = "INSERT INTO actions_queue (name, paused_by, paused_reason) VALUES (%s, '', '') ON CONFLICT DO NOTHING"


@dataclass
class Batch:
    """Lines of COPY's text format, one list for each table."""

    executions: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)


def names() -> list[str]:
    """The names of the actions; the last one is rare, the one before is a workflow."""
    every = [f"{verb}-{thing}" for verb in _VERBS for thing in _THINGS]
    return [*every[: ACTIONS - 2], "checkout-flow", RARE_ACTION]


def fill(url: str, number: int, *, say: Any = lambda _text: None) -> float:
    """Write that many executions, their attempts and twice as many audit entries; the seconds that it took."""
    started = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        _prepare(connection)
    with ThreadPoolExecutor(3) as pool:
        pending: list[Any] = []
        for done, batch in enumerate(_batches(number), 1):
            for future in pending:
                future.result()
            pending = [
                pool.submit(_copy, url, statement, lines)
                for statement, lines in (
                    (_EXECUTION, batch.executions),
                    (_ATTEMPT, batch.attempts),
                    (_AUDIT, batch.audit),
                )
            ]
            if done % 10 == 0:
                say(f"{done * _BATCH:,} of {number:,} executions")
        for future in pending:
            future.result()
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("actions_execution", "actions_attempt", "actions_auditentry"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
    return time.perf_counter() - started


def _prepare(connection: psycopg.Connection[Any]) -> None:
    for place, name in enumerate(names()):
        kind = "workflow" if name == "checkout-flow" else "action"
        connection.execute(_ACTION, [name, kind, QUEUES[place % len(QUEUES)]])
    for queue in QUEUES:
        connection.execute(_QUEUE, [queue])
    for worker in range(1, 5):
        connection.execute(_WORKER, [worker, f"bench-{worker}", 1_000 + worker, list(QUEUES)])


def _copy(url: str, statement: str, lines: list[str]) -> None:
    with psycopg.connect(url) as connection:
        # Nothing here is worth a flush: who loses it fills again.
        connection.execute("SET synchronous_commit = off")
        with connection.cursor().copy(statement) as copy:
            copy.write("".join(lines))


def _batches(number: int) -> Iterator[Batch]:
    chance = random.Random(20_261_201)
    now = datetime.now(UTC)
    begin, step = now - timedelta(days=DAYS), timedelta(days=DAYS) / number
    every = names()
    for start in range(0, number, _BATCH):
        batch = Batch()
        parent = ""
        for n in range(start, min(start + _BATCH, number)):
            in_flow = n % 100 < 5
            id_ = f"{int((begin + step * n).timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | n:032x}"
            if n % 100 == 0:
                parent = id_
            action = every[-2] if n % 100 == 0 else every[(n * 7919) % (ACTIONS - 2)]
            if n % 50_000 == 7:
                action = RARE_ACTION
            above = parent if in_flow and id_ != parent else "\\N"
            _execution(batch, n, number, chance, id_, action, begin + step * n, above)
        yield batch


def _status(n: int, number: int, chance: random.Random) -> str:
    """The newest are still at work, but for a few that were scheduled long ago."""
    left = number - n
    if left <= 20:
        return "running"
    if left <= 500:
        return "queued"
    if left <= 550 or n % 40_000 == 11:
        return "retrying" if left <= 550 else "queued"
    draw = chance.random()
    if draw < 0.010:
        return "failed"
    if draw < 0.0101:
        return "in_doubt"
    if draw < 0.015:
        return "cancelled"
    if draw < 0.018:
        return "skipped"
    return "waiting" if draw < 0.01802 else "blocked" if draw < 0.01804 else "succeeded"


def _execution(
    batch: Batch, n: int, number: int, chance: random.Random, id_: str, action: str, at: datetime, above: str
) -> None:
    status = _status(n, number, chance)
    began, took = at + timedelta(seconds=chance.expovariate(2)), chance.expovariate(1.5)
    ended = began + timedelta(seconds=took)
    finished = status in ("succeeded", "failed", "cancelled", "skipped")
    tried = status in ("succeeded", "failed", "in_doubt", "retrying", "running")
    error = _error(n, number) if status in ("failed", "in_doubt", "retrying") else "\\N"
    customer = NEEDLE if n == number // 10 else n % 50_000
    params = json.dumps({"customer": {"id": customer}, "email": f"c{n % 50_000}@example.org", "amount": n % 977})
    tags = ['"nightly"'] if n % 5 == 0 else []
    if n % 20 == 1:
        tags.append(f'"customer:{n % 50_000}"')
    if number // 10 <= n < number // 10 + 5:
        tags.append(f'"{NEEDLE}"')
    kind, who, label = _actor(n)
    due = at + timedelta(days=60) if status == "queued" and n % 40_000 == 11 else at
    key = f"order-{n}" if n % 3 == 0 else "\\N"
    batch.executions.append(
        f"{id_}\t{action}\t{QUEUES[n % 5]}\t0\t{status}\t{params}\t"
        f"{'{}' if status == 'succeeded' else chr(92) + 'N'}\t{error}\tf\t{kind}:{who}\t{key}\t{kind}\t{who}\t{label}\t"
        f"{{{','.join(tags)}}}\t{int(tried)}\t0\t0\t{1 + n % 4 if status == 'running' else chr(92) + 'N'}\t{at}\t{due}\t"
        f"{began if tried else chr(92) + 'N'}\t{ended if finished else chr(92) + 'N'}\t{above}\t"
        f"{chr(92) + 'N' if above == chr(92) + 'N' else f'step-{n}'}\t"
        f"{'{}' if status in ('blocked', 'skipped') else chr(92) + 'N'}\t{'paid' if status == 'waiting' else chr(92) + 'N'}\n"
    )
    batch.audit.append(f"{at}\texecution.accepted\t{kind}\t{who}\t{label}\t{id_}\t{action}\t\\N\t\t\\N\n")
    if tried:
        outcome = {"retrying": "failed", "running": "\\N"}.get(status, status)
        over = outcome != "\\N"
        batch.attempts.append(
            f"{id_}\t1\t{1 + n % 4}\t{began}\t{ended if over else outcome}\t{took if over else outcome}\t{outcome}\t{error}\n"
        )
    verb = status if finished or status == "in_doubt" else "retrying" if status == "retrying" else "started"
    batch.audit.append(f"{ended}\texecution.{verb}\tsystem\tplatform\tdoplatform\t{id_}\t{action}\t1\t\t\\N\n")


def _actor(n: int) -> tuple[str, str, str]:
    if n % 10 == 0:
        return "user", str(n % 300), f"user{n % 300}"
    if n % 10 < 8:
        return "api_key", f"service:{n % 20}", f"service{n % 20} · do_live_{n % 20:08d}"
    return "system", "code", "application code"


def _error(n: int, number: int) -> str:
    """One of 200 kinds, each with an id in its message."""
    kind = (n * 31) % 200
    what = NEEDLE if number // 5 <= n < number // 5 + 20_000 and n % 50 == 0 else _THINGS[kind % 10]
    message = f"The {what} server {kind // 10} {_FAULTS[kind // 20]} for order {n}"
    trace = "Traceback (most recent call last):\\\\n" + "  File app/actions.py, line 40, in handler\\\\n" * 12
    return f'{{"code": "exception", "class": "app.errors.Fault{kind}", "message": "{message}", "traceback": "{trace}"}}'


def executions_of(url: str, action: str) -> list[UUID]:
    """The ids of an action's executions, for pages that need one."""
    with psycopg.connect(url) as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT id FROM actions_execution WHERE action_id = %s ORDER BY id DESC LIMIT 50", [action]
            )
        ]


def main() -> int:
    """Fill the database of DATABASE_URL."""
    import os

    parser = argparse.ArgumentParser(prog="python -m benchmarks.fill", description="Fill an empty database by COPY.")
    parser.add_argument("--number", type=int, default=2_000_000, help="executions (2000000)")
    number = parser.parse_args().number
    seconds = fill(os.environ["DATABASE_URL"], number, say=lambda text: print(text, file=sys.stderr, flush=True))
    print(f"{number:,} executions in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
