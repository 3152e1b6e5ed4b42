"""Indexes for groups of failures. Made without locking the tables, so that big ones stay at work."""

from django.db import migrations

_ERROR_GROUP = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS execution_error_group
ON actions_execution (actions_error_group(action_id, error), id DESC) WHERE status IN ('failed', 'in_doubt', 'retrying')
"""
_FAILURES = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_failures ON actions_auditentry (xid, id)
WHERE verb IN ('execution.failed', 'execution.retrying', 'execution.in_doubt', 'execution.rescued')
"""


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0014_export_audit"),
    ]

    operations = [
        migrations.RunSQL(_ERROR_GROUP, "DROP INDEX CONCURRENTLY IF EXISTS execution_error_group"),
        migrations.RunSQL(_FAILURES, "DROP INDEX CONCURRENTLY IF EXISTS audit_failures"),
    ]
