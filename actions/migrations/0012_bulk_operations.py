"""Bulk operations: a verb, its frozen selection, and what became of each item."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0010_error_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkOperation",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("retry", "Retry"),
                            ("run_now", "Run Now"),
                            ("cancel", "Cancel"),
                            ("replay", "Replay"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("query", models.TextField(blank=True, help_text="The search that the selection came from.")),
                ("total", models.IntegerField()),
                (
                    "per_second",
                    models.FloatField(help_text="At most so many a second; no limit where empty.", null=True),
                ),
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.CharField(max_length=200)),
                ("actor_label", models.CharField(max_length=255)),
                ("actor_key", models.CharField(blank=True, max_length=20)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("aborted_at", models.DateTimeField(null=True)),
                ("aborted_by", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "execution",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="actions.execution",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "operation_id", "position", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.IntegerField()),
                ("execution_id", models.UUIDField()),
                ("attempt", models.IntegerField(help_text="The attempt that was seen.")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("done", "Done"), ("skipped", "Skipped"), ("failed", "Failed")],
                        max_length=10,
                        null=True,
                    ),
                ),
                ("code", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("message", models.TextField(blank=True, db_default="", default="")),
                ("made", models.UUIDField(help_text="The execution that a replay made.", null=True)),
                ("at", models.DateTimeField(null=True)),
                (
                    "operation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="actions.bulkoperation",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("operation"),
                        models.F("position"),
                        condition=models.Q(("outcome__isnull", True)),
                        name="bulkitem_open",
                    )
                ],
            },
        ),
    ]
