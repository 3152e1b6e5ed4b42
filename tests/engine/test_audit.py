"""The audit cannot be edited, and nothing changes without it."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from actions.engine.operate.cancel import cancel
from actions.engine.operate.retry import retry
from actions.engine.rescue import rescue
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, key_of, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")

CHANGES = (
    "UPDATE actions_auditentry SET reason = 'edited'",
    "DELETE FROM actions_auditentry",
    "TRUNCATE actions_auditentry",
)


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("change", CHANGES)
def test_no_statement_changes_or_removes_an_entry(change: str, role: str):
    """F30, invariant 8; the trigger that the tests' own cleaning lifts is put back first"""
    app.noop.invoke()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows("ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_truncate")
        rows("SET LOCAL session_replication_role = " + role)
        rows(change)
    assert value("SELECT count(*) FROM actions_auditentry") == 1


def test_both_triggers_are_always_enabled():
    found = rows(
        "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'actions_auditentry'::regclass AND NOT tgisinternal ORDER BY 1"
    )
    # D: lifted for the tests' own cleaning (tests/conftest.py).
    assert found == [("actions_audit_rows", "A"), ("actions_audit_truncate", "D")]


def test_the_orm_cannot_edit_an_entry_either():
    from actions.models import AuditEntry

    app.noop.invoke()
    entry = AuditEntry.objects.get()
    entry.reason = "edited"
    with pytest.raises(DatabaseError):
        entry.save()
    with pytest.raises(DatabaseError):
        entry.delete()


def test_each_change_of_status_has_one_entry_of_its_own_transaction(declare: Any, crew: Any, short_lease: float):
    """I-09; mutant 8: a trigger in the test writes down every change, and the audit must tell the same story."""
    with connection.cursor() as cursor:
        cursor.execute(_WITNESS)
    try:
        worker: StageWorker = crew()
        failing, doubtful, external = app.fail.invoke(), app.doubt.invoke(), app.external.invoke()
        app.write_row.invoke_many([{}] * 4)
        cancelled = app.noop.invoke()
        cancel(cancelled.id, actor=ALICE, reason="x")
        worker.work()
        retry(failing.id, actor=ALICE, reason="x")
        lost = crew()
        lost.claim()
        lost.crash()
        lost.freeze()
        rescue()
        worker.work()
        changes = rows("SELECT execution_id, xid, count(*) FROM witness GROUP BY 1, 2 ORDER BY 1, 2")
        entries = rows(
            "SELECT execution_id, xid, count(*) FROM actions_auditentry WHERE verb LIKE 'execution.%%' "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        assert changes == entries
        assert len(changes) > 25
        assert (external.status, doubtful.status) == ("succeeded", "in_doubt")
    finally:
        rows("DROP TABLE witness; DROP FUNCTION witness() CASCADE")


_WITNESS = """
CREATE TABLE witness (execution_id uuid, xid bigint);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
    INSERT INTO witness VALUES (NEW.id, pg_current_xact_id()::text::bigint);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON actions_execution FOR EACH ROW EXECUTE FUNCTION witness();
"""


@pytest.mark.parametrize(
    "nonsense",
    [
        "status = 'done'",
        "status = 'succeeded'",
        "status = 'failed'",
        "status = 'cancelled'",
        "status = 'skipped'",
        "status = 'running'",
        "finished_at = now()",
        "worker_id = 1",
        "status = 'running', worker_id = 1, finished_at = now()",
        "status = 'in_doubt', finished_at = now()",
        "error = '{}'",
        "status = 'succeeded', finished_at = now(), error = '{}'",
        "status = 'cancelled', finished_at = now(), error = '{}'",
        "status = 'waiting', error = '{}'",
        "attempt = -1",
        "tries = -1",
        "losses = -1",
    ],
)
def test_the_database_refuses_nonsense(nonsense: str):
    """DESIGN.md section 4"""
    app.noop.invoke()
    with pytest.raises(IntegrityError):
        rows("UPDATE actions_execution SET " + nonsense)


def test_the_entries_of_one_execution_tell_its_life(worker: StageWorker):
    handle = app.fail.invoke(times=1)
    worker.work()
    assert verbs(handle) == ["accepted", "started", "retrying", "started", "succeeded"]
    told = rows(
        "SELECT attempt, data->>'after', data->>'outcome', data->>'error', data->>'class' FROM actions_auditentry "
        "WHERE execution_id = %s AND verb = 'execution.retrying'", key_of(handle),
    )  # fmt: skip
    assert told == [(1, "retrying", "failed", "exception", "RuntimeError")]


def test_no_entry_holds_params_or_results_in_clear(worker: StageWorker):
    app.echo.invoke(value="canary-params")
    app.fail.invoke(message="canary-message")
    worker.work()
    assert "canary" not in str(rows("SELECT to_jsonb(entry)::text FROM actions_auditentry AS entry"))
