"""Indexes for what was done in one request or one bulk operation: they hold only the entries that name one.

Made without locking the audit, so that a big one stays at work.
"""

from django.db import migrations

_REQUEST = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_request
ON actions_auditentry ((data->>'request'), id) WHERE data ? 'request'
"""
_OPERATION = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_operation
ON actions_auditentry ((data->>'operation'), id) WHERE data ? 'operation'
"""


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0022_worker_requests"),
    ]

    operations = [
        migrations.RunSQL(_REQUEST, "DROP INDEX CONCURRENTLY IF EXISTS audit_request"),
        migrations.RunSQL(_OPERATION, "DROP INDEX CONCURRENTLY IF EXISTS audit_operation"),
    ]
