"""Idempotency keys of verbs, so that a retry that was sent twice is one."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0012_bulk_operations"),
    ]

    operations = [
        migrations.CreateModel(
            name="VerbKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "principal",
                        "execution_id",
                        "idempotency_key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("principal", models.CharField(max_length=200)),
                ("execution_id", models.UUIDField()),
                ("idempotency_key", models.CharField(max_length=255)),
                ("verb", models.CharField(max_length=50)),
                ("fingerprint", models.CharField(max_length=64)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
