"""Alerts: channels, rules, what was told, and how far failures were looked through for it."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

_MARK = "INSERT INTO actions_alertmark (number, xid, entry) VALUES (1, 0, 0)"


def permit(apps, schema_editor):
    """Administrators manage alerts. The permission is made here because migrate makes it only afterwards."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind,
        codename="manage_alerts",
        defaults={"name": "Can make, change, test and remove alert rules and channels"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0020_schedules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("rule_name", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=12)),
                (
                    "subject",
                    models.CharField(
                        help_text="What it is about: an action, a group of failures, a queue, a host.", max_length=255
                    ),
                ),
                ("previous", models.UUIDField(help_text="The rule's alert about the same before this one.", null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField()),
                (
                    "link",
                    models.CharField(help_text="The page to look at, from the console's root on.", max_length=500),
                ),
                ("details", models.JSONField(default=dict)),
                (
                    "held",
                    models.BooleanField(
                        default=False, help_text="Only written down: its rule had sent as many as it may for a while."
                    ),
                ),
                (
                    "lasting",
                    models.BooleanField(default=False, help_text="About something that lasts, and can be over."),
                ),
                ("recovered_at", models.DateTimeField(help_text="When what lasted was over.", null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AlertChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("apprise", "service (Apprise)"), ("webhook", "signed webhook")], max_length=10
                    ),
                ),
                (
                    "shown",
                    models.CharField(
                        help_text="What may be seen of the address: its scheme, and its host.", max_length=300
                    ),
                ),
                ("address", models.BinaryField(help_text="The address and its signing secret, encrypted.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=255)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_by", models.CharField(db_default="", default="", max_length=255)),
                ("disabled_reason", models.TextField(db_default="", default="")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AlertDelivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("channel_name", models.CharField(max_length=100)),
                ("delivered_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AlertMark",
            fields=[
                ("number", models.IntegerField(help_text="1", primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField()),
                ("entry", models.BigIntegerField()),
                ("looked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("failure", "executions failed or in doubt"),
                            ("new_group", "a new kind of failure"),
                            ("regressed", "a failure that came back"),
                            ("rate", "failure rate"),
                            ("queue_age", "waiting time in a queue"),
                            ("run_time", "run time (95th percentile)"),
                            ("dead_worker", "a worker that died"),
                            ("no_worker", "no worker at work"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "everything"),
                            ("action", "one action"),
                            ("queue", "one queue"),
                            ("tag", "actions with a tag"),
                        ],
                        default="",
                        max_length=6,
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The name of the action, the queue, or the tag.",
                        max_length=100,
                    ),
                ),
                (
                    "threshold",
                    models.FloatField(
                        default=0, help_text="Per cent of a rate, seconds of a time; nothing for the others."
                    ),
                ),
                (
                    "least",
                    models.IntegerField(
                        default=1, help_text="Executions that must have ended before a rate or a run time counts."
                    ),
                ),
                ("window", models.IntegerField(default=0, help_text="Seconds that a rate or a run time looks back.")),
                ("quiet", models.IntegerField(help_text="Seconds in which a subject is told of once at most.")),
                (
                    "channels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="Ids of channels; those that are gone are passed over.",
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.CharField(max_length=255)),
                (
                    "since",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it began to watch: what was before is not told.",
                    ),
                ),
                (
                    "pending",
                    models.JSONField(
                        default=dict, help_text="What happened in the quiet time, by subject; told after it."
                    ),
                ),
                ("paused_at", models.DateTimeField(null=True)),
                ("paused_by", models.CharField(db_default="", default="", max_length=255)),
                ("paused_reason", models.TextField(db_default="", default="")),
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
                    ("manage_schedules", "Can make, change and remove schedules"),
                    ("triage", "Can resolve, ignore and reopen groups of failures"),
                    ("share_views", "Can share views of executions with everybody"),
                    ("view_audit", "Can see the audit"),
                    ("export_audit", "Can export the audit"),
                    ("manage_keys", "Can see, make, rotate and revoke API keys"),
                    ("manage_alerts", "Can make, change, test and remove alert rules and channels"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="errorgroup",
            index=models.Index(models.F("first_seen_at"), name="errorgroup_first"),
        ),
        migrations.AddIndex(
            model_name="errorgroup",
            index=models.Index(
                models.F("last_seen_at"),
                condition=models.Q(("state", "open"), _negated=True),
                name="errorgroup_triaged",
            ),
        ),
        migrations.AddIndex(
            model_name="worker",
            index=models.Index(models.F("gone_at"), condition=models.Q(("gone_at__isnull", False)), name="worker_gone"),
        ),
        migrations.AddField(
            model_name="alertdelivery",
            name="alert",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="actions.alert"
            ),
        ),
        migrations.AddField(
            model_name="alertdelivery",
            name="carrier",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="actions.execution",
            ),
        ),
        migrations.AddField(
            model_name="alertdelivery",
            name="channel",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="actions.alertchannel",
            ),
        ),
        migrations.AddIndex(
            model_name="alertrule",
            index=models.Index(
                models.F("id"), condition=models.Q(("paused_at__isnull", True)), name="alertrule_active"
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="rule",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="alerts",
                to="actions.alertrule",
            ),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(models.F("id"), condition=models.Q(("carrier__isnull", True)), name="alertdelivery_new"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(models.F("at"), models.F("id"), name="alert_log"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(models.F("rule"), models.F("subject"), models.F("at"), name="alert_subject"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("rule"),
                condition=models.Q(("lasting", True), ("recovered_at__isnull", True)),
                name="alert_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rule__isnull", False)),
                fields=("rule", "subject", "previous"),
                name="alert_once",
                nulls_distinct=False,
            ),
        ),
        migrations.RunSQL(_MARK, migrations.RunSQL.noop),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
