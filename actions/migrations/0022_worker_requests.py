"""What operators ask of one worker: to be quiet, or to stop. The worker reads it with its heartbeat."""

from django.db import migrations, models


def permit(apps, schema_editor):
    """Operators and administrators manage workers. The permission is made here because migrate makes it only afterwards."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="manage_workers", defaults={"name": "Can quiet, resume and stop workers"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=["Operator", "Administrator"]):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0021_alerts"),
    ]

    operations = [
        migrations.AddField(
            "worker",
            "quiet_at",
            models.DateTimeField(null=True, help_text="Since when it is asked to take nothing new."),
        ),
        migrations.AddField("worker", "quiet_by", models.CharField(max_length=255, db_default="", default="")),
        migrations.AddField("worker", "quiet_reason", models.TextField(db_default="", default="")),
        migrations.AddField(
            "worker",
            "stop_at",
            models.DateTimeField(null=True, help_text="When it was asked to end after what it is on."),
        ),
        migrations.AddField("worker", "stop_by", models.CharField(max_length=255, db_default="", default="")),
        migrations.AddField("worker", "stop_reason", models.TextField(db_default="", default="")),
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
                    ("manage_alerts", "Can make, change, test and remove alert rules and channels"),
                    ("manage_workers", "Can quiet, resume and stop workers"),
                ],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
