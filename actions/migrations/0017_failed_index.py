"""What has failed of one action, by when it did: the list that operators open most. Only what fails has entries in it.

Made without locking the table, so that a big one stays at work.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0016_key_callbacks"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(
                models.F("action"),
                models.F("finished_at"),
                models.F("id"),
                condition=models.Q(("status", "failed")),
                name="execution_failed",
            ),
        ),
    ]
