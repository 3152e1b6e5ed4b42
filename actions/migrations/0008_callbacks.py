"""Callbacks: whom an execution's ends are told to, and the outbox that PostgreSQL itself fills."""

import django.db.models.deletion
from django.db import migrations, models

import actions.states

# A trigger, so that no verb that ends an execution can forget it. Its condition is one column: PostgreSQL reads its text
# anew for every UPDATE, and nothing else of it is paid by executions without a callback.
_OUTBOX = """
CREATE FUNCTION actions_tell_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status IN ('succeeded', 'failed', 'cancelled', 'skipped', 'in_doubt') AND NEW.status <> OLD.status THEN
    INSERT INTO actions_delivery (id, execution_id, action, attempt, status, result, error, ended_at)
    VALUES (gen_random_uuid(), NEW.id, NEW.action_id, NEW.attempt, NEW.status, NEW.result, NEW.error - 'traceback',
      clock_timestamp());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER actions_execution_end AFTER UPDATE OF status ON actions_execution
  FOR EACH ROW WHEN (NEW.has_callback) EXECUTE FUNCTION actions_tell_end();
"""
_OUTBOX_BACK = """
DROP TRIGGER actions_execution_end ON actions_execution;
DROP FUNCTION actions_tell_end;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0007_api_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Callback",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        serialize=False,
                        to="actions.execution",
                    ),
                ),
                ("url", models.TextField()),
                (
                    "secret",
                    models.BinaryField(
                        help_text="Its own signing secret, encrypted; none = the installation's.", null=True
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="execution",
            name="has_callback",
            field=models.BooleanField(db_default=False, help_text="Its ends are told to somebody."),
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("action", models.CharField(max_length=100)),
                ("attempt", models.IntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[(status.value, status.replace("_", " ")) for status in actions.states.Status],
                        max_length=10,
                    ),
                ),
                ("result", models.JSONField(null=True)),
                ("error", models.JSONField(null=True)),
                ("ended_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "answered",
                    models.SmallIntegerField(help_text="The HTTP status of the answer that accepted it.", null=True),
                ),
                (
                    "carrier",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="actions.execution",
                    ),
                ),
                (
                    "execution",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="deliveries",
                        to="actions.execution",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index("execution", "ended_at", name="delivery_execution"),
                    models.Index("ended_at", condition=models.Q(("carrier__isnull", True)), name="delivery_new"),
                    models.Index("ended_at", "id", name="delivery_log"),
                ],
            },
        ),
        migrations.RunSQL(_OUTBOX, _OUTBOX_BACK),
    ]
