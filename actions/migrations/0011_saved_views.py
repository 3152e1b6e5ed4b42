"""Saved views, and what was selected for a bulk operation."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


def permit(apps, schema_editor):
    """Operators and administrators may share views."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="share_views", defaults={"name": "Can share views of executions with everybody"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=["Operator", "Administrator"]):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0013_verb_keys"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkSelection",
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
                ("query", models.TextField(blank=True, help_text="The search that it came from.")),
                (
                    "everything",
                    models.BooleanField(
                        help_text="Whether it is all that the search found, not rows that were chosen."
                    ),
                ),
                ("total", models.IntegerField()),
                (
                    "items",
                    models.BinaryField(
                        help_text="zlib of 20 bytes each: the id, and the attempt as a big-endian integer."
                    ),
                ),
                ("principal", models.CharField(help_text="Who may see it and act by it.", max_length=250)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PreferredView",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "view",
                    models.CharField(
                        help_text="The name of one that comes with the code, or the id of a saved one.", max_length=40
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AlterModelOptions(
            name="access",
            options={
                "default_permissions": (),
                "managed": False,
                "permissions": [
                    ("view_payload", "Can see params and results"),
                    ("trigger", "Can trigger actions"),
                    ("retry", "Can retry executions"),
                    ("run_now", "Can run scheduled and retrying executions now"),
                    ("replay", "Can replay executions"),
                    ("cancel", "Can cancel executions"),
                    ("force_stop", "Can stop running executions by force"),
                    ("resolve", "Can resolve executions in doubt"),
                    ("emit", "Can tell workflows external events"),
                    ("pause", "Can pause and resume actions and queues"),
                    ("triage", "Can resolve, ignore and reopen groups of failures"),
                    ("share_views", "Can share views of executions with everybody"),
                    ("view_audit", "Can see the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                (
                    "query",
                    models.CharField(blank=True, help_text="As the grammar of searches says it.", max_length=2000),
                ),
                (
                    "owner_label",
                    models.CharField(help_text="The owner's name, which outlives the owner.", max_length=255),
                ),
                ("shared", models.BooleanField(db_default=False, default=False, help_text="Everybody sees it.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(models.F("shared"), models.F("name"), name="savedview_shared")],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
