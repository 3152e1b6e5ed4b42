"""Schedules, who may see and manage them, and the index by which a schedule's executions are found.

The index comes first: it is made without locking the table, so that a big one stays at work, and takes its time.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_RIGHTS = (
    ("schedule", "view_schedule", "Can view schedule", ("Viewer", "Operator", "Administrator")),
    ("access", "manage_schedules", "Can make, change and remove schedules", ("Operator", "Administrator")),
)


def permit(apps, schema_editor):
    """Everybody sees schedules; operators and administrators manage them."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    groups = apps.get_model("auth", "Group").objects
    for model, codename, name, names in _RIGHTS:
        kind, _ = content_type.get_or_create(app_label="actions", model=model)
        right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=kind, codename=codename, defaults={"name": name}
        )
        for group in groups.filter(name__in=names):
            group.permissions.add(right)


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY cannot run in a transaction.
    atomic = False

    dependencies = [
        ("actions", "0019_pause_until"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="execution",
            index=models.Index(
                models.F("actor_id"),
                models.F("id"),
                condition=models.Q(("actor_kind", "schedule")),
                name="execution_scheduled",
            ),
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "action",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="schedules",
                        to="actions.action",
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("params", models.JSONField(default=dict)),
                ("cron", models.CharField(help_text="Five fields, or six with the second first.", max_length=100)),
                ("timezone", models.CharField(default="UTC", max_length=64)),
                (
                    "catch_up",
                    models.CharField(
                        choices=[("skip", "skip"), ("one", "one"), ("all", "all")], default="one", max_length=10
                    ),
                ),
                ("declared", models.BooleanField(default=False, help_text="Whether it comes from the code.")),
                (
                    "withdrawn",
                    models.BooleanField(default=False, help_text="Whether the code of the last start has it no more."),
                ),
                ("next_at", models.DateTimeField(db_index=True, null=True)),
                ("last_at", models.DateTimeField(help_text="The last time that was done, as it was due.", null=True)),
                (
                    "last_error",
                    models.TextField(blank=True, default="", help_text="Why the last time was not done."),
                ),
                ("last_error_at", models.DateTimeField(help_text="When that was due.", null=True)),
                ("paused_at", models.DateTimeField(null=True)),
                ("paused_by", models.CharField(blank=True, default="", max_length=255)),
                ("paused_reason", models.TextField(blank=True, default="")),
                ("created_by", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("action", "name"), name="schedule_name")],
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
                    ("manage_schedules", "Can make, change and remove schedules"),
                    ("triage", "Can resolve, ignore and reopen groups of failures"),
                    ("share_views", "Can share views of executions with everybody"),
                    ("view_audit", "Can see the audit"),
                    ("export_audit", "Can export the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                ],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
