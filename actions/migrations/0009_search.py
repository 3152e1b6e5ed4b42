"""Indexes that lists and searches read by. Made without locking the tables, so that big ones stay at work."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

# The rule stays in force throughout: the old index goes when the new one is there, and which one stands behind
# ON CONFLICT (principal, action_id, idempotency_key) is the same to it.
_BY_KEY = """
CREATE UNIQUE INDEX CONCURRENTLY execution_by_key
ON actions_execution (idempotency_key, principal, action_id) WHERE idempotency_key IS NOT NULL
"""
# What an interrupted run has left of it would be taken for whole.
_NO_HALF_ONE = "DROP INDEX CONCURRENTLY IF EXISTS execution_by_key"
_BY_PRINCIPAL = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS execution_key
ON actions_execution (principal, action_id, idempotency_key) WHERE idempotency_key IS NOT NULL
"""
_KEYED = models.Q(("idempotency_key__isnull", False))


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0009_tally"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(
                models.F("status"),
                models.F("id"),
                condition=models.Q(
                    ("status__in", ["blocked", "cancelled", "failed", "in_doubt", "skipped", "waiting"])
                ),
                name="execution_unusual",
            ),
        ),
        # The new one has its rows too.
        RemoveIndexConcurrently(model_name="execution", name="execution_suspended"),
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(
                models.F("replay_of"), condition=models.Q(("replay_of__isnull", False)), name="execution_replays"
            ),
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(models.F("id"), condition=models.Q(("actor_kind", "user")), name="audit_people"),
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(
                models.F("verb"),
                models.F("id"),
                condition=models.Q(
                    (
                        "verb__in",
                        [
                            "execution.accepted",
                            "execution.resumed",
                            "execution.started",
                            "execution.succeeded",
                            "execution.suspended",
                            "execution.unblocked",
                        ],
                    ),
                    _negated=True,
                ),
                name="audit_unusual",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL([_NO_HALF_ONE, _BY_KEY], _NO_HALF_ONE),
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS execution_key", _BY_PRINCIPAL),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="execution", name="execution_key"),
                migrations.AddConstraint(
                    model_name="execution",
                    constraint=models.UniqueConstraint(
                        condition=_KEYED, fields=("idempotency_key", "principal", "action"), name="execution_by_key"
                    ),
                ),
            ],
        ),
    ]
