"""What the ORM cannot say: defaults of the database, the append-only audit, the mark of unsettled work, storage."""

from django.db import migrations

_DEFAULTS = """
CREATE SEQUENCE actions_worker_ids AS integer CYCLE;
ALTER TABLE actions_auditentry ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint;
"""
_DEFAULTS_BACK = """
ALTER TABLE actions_auditentry ALTER COLUMN xid DROP DEFAULT;
DROP SEQUENCE actions_worker_ids;
"""

# Each list is one constant: PostgreSQL reads every check anew for every statement, and the IN lists that Django writes cost
# an insert 80 µs, a third of its time.
_CHECKS = """
ALTER TABLE actions_execution
  ADD CONSTRAINT execution_status CHECK (status = ANY (
    '{blocked,cancelled,failed,in_doubt,queued,retrying,running,skipped,succeeded,waiting}'::text[])),
  ADD CONSTRAINT execution_finished_at CHECK (
    (finished_at IS NOT NULL) = (status = ANY ('{cancelled,failed,skipped,succeeded}'::text[]))),
  ADD CONSTRAINT execution_worker CHECK ((worker_id IS NOT NULL) = (status = 'running')),
  ADD CONSTRAINT execution_error CHECK (error IS NULL OR status = ANY ('{failed,in_doubt,retrying}'::text[])),
  ADD CONSTRAINT execution_counters CHECK (least(attempt, tries, losses) >= 0);
"""
_CHECKS_BACK = """
ALTER TABLE actions_execution DROP CONSTRAINT execution_status, DROP CONSTRAINT execution_finished_at,
  DROP CONSTRAINT execution_worker, DROP CONSTRAINT execution_error, DROP CONSTRAINT execution_counters;
"""

# ENABLE ALWAYS: they fire for the table's owner and under session_replication_role = replica too.
_APPEND_ONLY = """
CREATE FUNCTION actions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER actions_audit_rows BEFORE UPDATE OR DELETE ON actions_auditentry
  FOR EACH ROW EXECUTE FUNCTION actions_refuse_change();
CREATE TRIGGER actions_audit_truncate BEFORE TRUNCATE ON actions_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION actions_refuse_change();
ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_rows;
ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_truncate;
"""
_APPEND_ONLY_BACK = """
DROP TRIGGER actions_audit_truncate ON actions_auditentry;
DROP TRIGGER actions_audit_rows ON actions_auditentry;
DROP FUNCTION actions_refuse_change();
"""

_UNSETTLED = """
CREATE FUNCTION actions_refuse_unsettled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM actions_unsettled WHERE worker_id = NEW.worker_id) THEN
    RAISE EXCEPTION 'A handler may not commit: its writes and its record commit together.'
      USING ERRCODE = 'invalid_transaction_termination';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER actions_unsettled AFTER INSERT ON actions_unsettled
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION actions_refuse_unsettled();
ALTER TABLE actions_unsettled ENABLE ALWAYS TRIGGER actions_unsettled;
"""
_UNSETTLED_BACK = """
DROP TRIGGER actions_unsettled ON actions_unsettled;
DROP FUNCTION actions_refuse_unsettled();
"""

# Every execution is updated twice and every attempt once: room on the page keeps the new version near, and vacuum early
# keeps the claim index short.
_STORAGE = """
ALTER TABLE actions_execution SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE actions_attempt SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE actions_worker SET (fillfactor = 50, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE actions_unsettled SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE actions_auditentry SET (autovacuum_vacuum_insert_scale_factor = 0.1);
"""


class Migration(migrations.Migration):
    dependencies = [("actions", "0001_initial")]

    operations = [
        migrations.RunSQL(_DEFAULTS, _DEFAULTS_BACK),
        migrations.RunSQL(_CHECKS, _CHECKS_BACK),
        migrations.RunSQL(_APPEND_ONLY, _APPEND_ONLY_BACK),
        migrations.RunSQL(_UNSETTLED, _UNSETTLED_BACK),
        migrations.RunSQL(_STORAGE, migrations.RunSQL.noop),
    ]
