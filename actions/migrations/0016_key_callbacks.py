"""Callbacks of API keys. Keys of verbs go with their execution, and so are found by it."""

import django.db.models.functions.datetime
from django.db import migrations, models

_ORPHANS = """
DELETE FROM actions_verbkey WHERE NOT EXISTS (SELECT FROM actions_execution WHERE id = actions_verbkey.execution_id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0015_error_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="callback_url",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text="Whom the ends of what is asked with it are told to; empty = nobody.",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="callback_secret",
            field=models.BinaryField(
                help_text="What signs those, encrypted; none = the installation's secret.", null=True
            ),
        ),
        migrations.RunSQL(_ORPHANS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="verbkey",
            name="at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddIndex(
            model_name="verbkey",
            index=models.Index(models.F("execution_id"), name="verbkey_execution"),
        ),
    ]
