"""A past worth sealing, and the owner of the tables who would like it to be another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from actions import Handle
from actions.definitions.actor import CODE
from actions.engine.anchor import export
from actions.engine.findings import Finding, Report
from actions.engine.operate import cancel, pause, resolve, retry, run_now
from actions.engine.verify import verify
from actions.models import AuditEntry, Seal
from actions.testing import InlineWorker
from tests.app import actions as app

Row = tuple[int, int]
_TABLES = {"actions_auditentry": "actions_audit", "actions_seal": "actions_seal"}


@contextmanager
def guarded() -> Iterator[None]:
    """The guards against TRUNCATE, which the test database lifts for its own cleaning, are back for a while."""
    with connection.cursor() as cursor:
        restore(cursor)
        yield
        for table, stem in _TABLES.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {stem}_truncate")


def past(worker: InlineWorker) -> None:
    """Some of everything that the audit records."""
    app.noop.invoke(n=1)
    app.noop.invoke_many([{"n": n} for n in range(12)])
    app.noop.invoke_many([{"n": 1}], available_at=datetime.now(UTC) + timedelta(hours=1))
    app.echo.invoke(value={"z": [1, 1.5, 2.0, -0.0, 1e-7, None, True], "ä": "€\U0001f600", "Z": 9_007_199_254_740_991})
    app.echo.invoke(value="text", idempotency_key="once")
    app.echo.invoke(value="text", idempotency_key="once")
    app.sealed_secret.invoke(name="n", token="very-secret")
    app.sealed_secret.invoke(name="without")
    later = app.echo.invoke(value=2, available_at=datetime.now(UTC) + timedelta(hours=1))
    failing = app.fail.invoke(times=4)
    app.give_up.invoke()
    doubts = [app.doubt.invoke() for _ in range(3)]
    unwanted = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    pause.pause_action("test-external", actor=CODE, reason="a test")
    run_now.run_now(later.id, actor=CODE)
    cancel.cancel(unwanted.id, actor=CODE, reason="not needed")
    worker.work()
    _work_on(worker, failing)
    retry.retry(failing.id, actor=CODE)
    worker.work()
    _work_on(worker, failing)
    answers = ((resolve.Answer.HAPPENED, {"sent": 1.0}), (resolve.Answer.RUN_AGAIN, None), (resolve.Answer.GIVE_UP, 5))
    for doubt, (answer, result) in zip(doubts, answers, strict=True):
        resolve.resolve(doubt.id, answer=answer, actor=CODE, reason="looked", result=result)


def _work_on(worker: InlineWorker, handle: Handle) -> None:
    while handle.status == "retrying":
        run_now.run_now(handle.id, actor=CODE)
        worker.work()


@contextmanager
def owner(*statements: str) -> Iterator[Any]:
    """The owner's session with the guards off for `statements`, rolled back at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        restore(cursor)
        yield cursor
        transaction.set_rollback(True)


def restore(cursor: Any) -> None:
    """All four guards as the migrations made them."""
    for table, stem in _TABLES.items():
        for guard_ in ("rows", "truncate"):
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {stem}_{guard_}")


def look(**options: Any) -> Report:
    """A verification that does not wait for a sealer."""
    return verify(lag=0, **options)


class Past:
    """What the module's tests tamper with: (xid, id) of its entries in order, and the anchor exported at its end."""

    def __init__(self) -> None:
        self.rows: list[Row] = list(AuditEntry.objects.order_by("xid", "id").values_list("xid", "id"))
        self.anchor = list(export())

    def at(self, position: int) -> Row:
        """One of twenty entries, spread from the first to the last."""
        return self.rows[position * (len(self.rows) - 1) // 19]

    def seal_of(self, row: Row) -> int:
        """The seal that the entry is in."""
        return (
            Seal.objects.filter(last_xid__gte=row[0]).exclude(last_xid=row[0], last_id__lt=row[1]).earliest("number").pk
        )


def first(report: Report) -> Finding:
    """The first row that does not fit."""
    assert not report.ok
    return report.findings[0]


def entries_only(**options: Any) -> Report:
    """Without the executions, so that only the seals can tell."""
    return look(executions=False, **options)
