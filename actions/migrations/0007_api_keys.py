"""API keys, the service accounts that own them, and the permission to manage both."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


def permit(apps, schema_editor):
    """Administrators manage API keys. The permission is made here because migrate makes it only afterwards."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="manage_keys", defaults={"name": "Can see, make, rotate and revoke API keys"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0006_claim_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
                    ("view_audit", "Can see the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceAccount",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("description", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "disabled_at",
                    models.DateTimeField(help_text="Since then none of its keys is let in.", null=True),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("digest", models.BinaryField(help_text="SHA-256 of the whole text.")),
                (
                    "label",
                    models.CharField(
                        help_text="What it is used for. At most two active ones of an owner.", max_length=100
                    ),
                ),
                (
                    "owner",
                    models.CharField(help_text="The owner's name, which outlives the owner.", max_length=150),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=150), size=None),
                ),
                ("rate", models.FloatField(help_text="Requests a second, over all web processes.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=255)),
                ("expires_at", models.DateTimeField()),
                (
                    "replaces",
                    models.CharField(blank=True, help_text="The key that was rotated into this one.", max_length=8),
                ),
                ("last_used_at", models.DateTimeField(help_text="To the minute.", null=True)),
                ("last_used_ip", models.GenericIPAddressField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("revoked_by", models.CharField(blank=True, max_length=255)),
                ("revoked_reason", models.TextField(blank=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="actions.serviceaccount",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("account__isnull", False), ("user__isnull", True)),
                    models.Q(("account__isnull", True), ("user__isnull", False)),
                    _connector="OR",
                ),
                name="api_key_owner",
            ),
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
