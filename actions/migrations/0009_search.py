"""Indexes that lists and searches read by. Made without locking the tables, so that big ones stay at work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0008_callbacks"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(
                models.F("status"),
                models.F("id"),
                condition=models.Q(("status__in", ["cancelled", "failed", "in_doubt", "skipped"])),
                name="execution_unusual",
            ),
        ),
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
    ]
