"""The permission to export the audit."""

from django.db import migrations


def permit(apps, schema_editor):
    """Administrators export the audit. The permission is made here because migrate makes it only afterwards."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="export_audit", defaults={"name": "Can export the audit"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0011_saved_views"),
    ]

    operations = [
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
                    ("export_audit", "Can export the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                ],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
