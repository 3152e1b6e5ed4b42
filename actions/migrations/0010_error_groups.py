"""Groups of failures: a fingerprint that the database itself computes, counts beside it, and how far they were counted."""

from django.db import migrations, models

# What fails alike: the same action, class and place of the error. A function, so that an index can hold it; the indexes are
# made in 0015, without locking the tables.
_FINGERPRINT = """
CREATE FUNCTION actions_error_group(action text, error jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN md5(
  action || E'\\x1f' || coalesce(error->>'class', '') || E'\\x1f' || coalesce(error->>'code', '') || E'\\x1f'
  || coalesce(error->>'place', ''));
INSERT INTO actions_errormark (xid, entry) VALUES (0, 0);
"""
_FINGERPRINT_BACK = """
DROP FUNCTION actions_error_group;
"""


def permit(apps, schema_editor):
    """Operators and administrators may triage failures."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="triage", defaults={"name": "Can resolve, ignore and reopen groups of failures"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=["Operator", "Administrator"]):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0009_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErrorMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("xid", models.BigIntegerField()),
                ("entry", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ErrorTally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "fingerprint", "hour", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("fingerprint", models.CharField(max_length=32)),
                ("hour", models.DateTimeField()),
                ("count", models.IntegerField()),
            ],
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
                    ("view_audit", "Can see the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErrorGroup",
            fields=[
                ("fingerprint", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("action", models.CharField(max_length=100)),
                ("code", models.CharField(max_length=100)),
                ("error_class", models.CharField(max_length=255)),
                (
                    "place",
                    models.CharField(blank=True, help_text="Where it was raised: module and function.", max_length=500),
                ),
                ("message", models.TextField(help_text="Of the newest one.")),
                ("count", models.BigIntegerField(help_text="Failed tries, since the group is known.")),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("resolved", "Resolved"), ("ignored", "Ignored")],
                        db_default="open",
                        default="open",
                        max_length=10,
                    ),
                ),
                ("state_by", models.CharField(db_default="", default="", max_length=255)),
                ("state_at", models.DateTimeField(null=True)),
                (
                    "ignored_until",
                    models.DateTimeField(
                        help_text="Open again after this time; never, where there is none.", null=True
                    ),
                ),
                ("note", models.TextField(db_default="", default="")),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("last_seen_at"), descending=True),
                        models.F("fingerprint"),
                        name="errorgroup_newest",
                    ),
                    models.Index(models.F("action"), models.F("fingerprint"), name="errorgroup_action"),
                ],
            },
        ),
        migrations.RunSQL(_FINGERPRINT, _FINGERPRINT_BACK),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
