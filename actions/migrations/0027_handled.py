"""Failed executions that somebody has handled, and the index of those that nobody has, by the group of failures.

Made without locking the table, so that a big one stays at work; what an interrupted run has left is taken up again.
"""

from django.db import migrations, models

# Columns without a default: no row is written anew.
_COLUMNS = """
ALTER TABLE actions_execution
  ADD COLUMN IF NOT EXISTS handled_attempt integer,
  ADD COLUMN IF NOT EXISTS handled_at timestamptz,
  ADD COLUMN IF NOT EXISTS handled_by varchar(255),
  ADD COLUMN IF NOT EXISTS handled_reason text
"""
_COLUMNS_BACK = """
ALTER TABLE actions_execution
  DROP COLUMN handled_attempt, DROP COLUMN handled_at, DROP COLUMN handled_by, DROP COLUMN handled_reason
"""
_NO_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS execution_unhandled"
_INDEX = """
CREATE INDEX CONCURRENTLY execution_unhandled ON actions_execution (actions_error_group(action_id, error), finished_at, id)
WHERE status = 'failed' AND handled_attempt IS DISTINCT FROM attempt
"""


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0026_schedule_until"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_COLUMNS, _COLUMNS_BACK)],
            state_operations=[
                migrations.AddField(
                    model_name="execution",
                    name="handled_attempt",
                    field=models.IntegerField(
                        help_text="The attempt whose failure somebody has handled; a later one is open again.",
                        null=True,
                    ),
                ),
                migrations.AddField(model_name="execution", name="handled_at", field=models.DateTimeField(null=True)),
                migrations.AddField(
                    model_name="execution", name="handled_by", field=models.CharField(max_length=255, null=True)
                ),
                migrations.AddField(model_name="execution", name="handled_reason", field=models.TextField(null=True)),
            ],
        ),
        migrations.RunSQL([_NO_INDEX, _INDEX], _NO_INDEX),
    ]
