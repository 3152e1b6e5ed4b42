"""What workflows cost that wait for an event: nothing, until it comes."""

import re
import time

import psycopg
from django.db import connection

from actions import emit, ids
from benchmarks.app import workflows
from benchmarks.ours import Ours
from benchmarks.report import Line
from benchmarks.stage import Stage, await_true
from doplatform import paths

_SECONDS = 10.0
_STATEMENT = re.compile(rb"^\S+ \S+ \S+ \[\d+\] LOG:  (?:statement|execute)", re.MULTILINE)
_WAITING = "SELECT count(*) FROM actions_execution WHERE status = 'waiting'"
_RUNNING = "SELECT count(*) FROM actions_execution WHERE status = 'running'"
_MOST_EXTRA = 0.5
"""Statements a second within which nothing has been added."""


def measure(stage: Stage, count: int) -> list[Line]:
    """Statements a second with none and with `count` waiting; then all are told to go on."""
    alone = _statements(stage)
    for first in range(0, count, 1000):
        workflows.wait.invoke_many([{"number": first + place} for place in range(min(1000, count - first))])
    await_true(lambda: _one(_WAITING) == count, seconds=120, what="all waiting")
    time.sleep(6)
    beside = _statements(stage)
    held = _one(_RUNNING)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM actions_execution WHERE status = 'waiting' ORDER BY id")
        waiting = [row[0] for row in cursor.fetchall()]
    started = time.perf_counter()
    for row_id in waiting:
        emit(ids.public_id(row_id), "go")
    Ours.await_end()
    taken = time.perf_counter() - started
    return [
        Line(
            f"{count:,} workflows wait: statements",
            f"{beside:.2f}/s",
            "",
            f"{beside - alone:+.2f}/s",
            f"≤ +{_MOST_EXTRA}/s",
            beside - alone <= _MOST_EXTRA,
            f"{alone:.2f}/s with none waiting, counted over {_SECONDS:.0f} s each",
        ),
        Line("   workers held", str(held), "", "", "0", held == 0),
        Line("   told one by one, and all gone on", f"{count / taken:,.0f}/s"),
    ]


def _statements(stage: Stage) -> float:
    """Statements a second that PostgreSQL logs from everything that runs, this process aside."""
    url = paths.database_url(stage.folder)
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("ALTER SYSTEM SET log_statement = 'all'")
        session.execute("SELECT pg_reload_conf()")
    time.sleep(1)
    log = stage.folder / "postgres.log"
    begin = log.stat().st_size
    time.sleep(_SECONDS)
    with log.open("rb") as text:
        text.seek(begin)
        found = len(_STATEMENT.findall(text.read()))
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("ALTER SYSTEM SET log_statement = 'none'")
        session.execute("SELECT pg_reload_conf()")
    return found / _SECONDS


def _one(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
