"""Workflows: steps are executions with a parent; edges, memories and external events beside them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import actions.states

# One check that calls a function, in the place of five and three more: PostgreSQL reads the text of every check anew for every
# statement, which cost an insert 60 µs, and what it reads here is short.
_CHECKS = """
CREATE FUNCTION actions_execution_is_sound(
  status text, finished boolean, worker boolean, error boolean, waits boolean, blockable boolean)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE status
    WHEN 'queued' THEN NOT (finished OR worker OR error OR waits)
    WHEN 'running' THEN worker AND NOT (finished OR error OR waits)
    WHEN 'succeeded' THEN finished AND NOT (worker OR error OR waits)
    WHEN 'retrying' THEN NOT (finished OR worker OR waits)
    WHEN 'failed' THEN finished AND NOT (worker OR waits)
    WHEN 'in_doubt' THEN NOT (finished OR worker OR waits)
    WHEN 'waiting' THEN NOT (finished OR worker OR error)
    WHEN 'blocked' THEN blockable AND NOT (finished OR worker OR error OR waits)
    WHEN 'skipped' THEN blockable AND finished AND NOT (worker OR error OR waits)
    WHEN 'cancelled' THEN finished AND NOT (worker OR error OR waits)
    ELSE false
  END;
END $$;
ALTER TABLE actions_execution DROP CONSTRAINT execution_status, DROP CONSTRAINT execution_finished_at,
  DROP CONSTRAINT execution_worker, DROP CONSTRAINT execution_error, DROP CONSTRAINT execution_counters,
  ADD CONSTRAINT execution_is_sound CHECK (
    least(attempt, tries, losses) >= 0 AND (parent_id IS NULL) = (step IS NULL) AND actions_execution_is_sound(
      status, finished_at IS NOT NULL, worker_id IS NOT NULL, error IS NOT NULL,
      awaits IS NOT NULL OR awaited_event IS NOT NULL OR wake_at IS NOT NULL, prerequisites IS NOT NULL));
"""
_CHECKS_BACK = """
ALTER TABLE actions_execution DROP CONSTRAINT execution_is_sound,
  ADD CONSTRAINT execution_status CHECK (status = ANY (
    '{blocked,cancelled,failed,in_doubt,queued,retrying,running,skipped,succeeded,waiting}'::text[])),
  ADD CONSTRAINT execution_finished_at CHECK (
    (finished_at IS NOT NULL) = (status = ANY ('{cancelled,failed,skipped,succeeded}'::text[]))),
  ADD CONSTRAINT execution_worker CHECK ((worker_id IS NOT NULL) = (status = 'running')),
  ADD CONSTRAINT execution_error CHECK (error IS NULL OR status = ANY ('{failed,in_doubt,retrying}'::text[])),
  ADD CONSTRAINT execution_counters CHECK (least(attempt, tries, losses) >= 0);
DROP FUNCTION actions_execution_is_sound;
"""


def permit(apps, schema_editor):
    """Operators and administrators may tell workflows external events."""
    content_type = apps.get_model("contenttypes", "ContentType").objects
    kind, _ = content_type.get_or_create(app_label="actions", model="access")
    right, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="emit", defaults={"name": "Can tell workflows external events"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=["Operator", "Administrator"]):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0004_seals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Edge",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "prerequisite_id", "dependent_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "prerequisite",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="edges_out",
                        to="actions.execution",
                    ),
                ),
                (
                    "dependent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="edges_in",
                        to="actions.execution",
                    ),
                ),
                ("needs_result", models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name="ExternalEvent",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "execution",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="actions.execution",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("payload", models.JSONField(null=True)),
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.CharField(max_length=200)),
                ("actor_label", models.CharField(max_length=255)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("taken_by", models.CharField(help_text="The wait that took it.", max_length=255, null=True)),
                ("idempotency_key", models.CharField(max_length=255, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Memory",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "execution_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "execution",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="memories",
                        to="actions.execution",
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("value", models.JSONField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), help_text="When it was learned last."
                    ),
                ),
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
                    ("view_audit", "Can see the audit"),
                ],
            },
        ),
        migrations.AddField(
            model_name="execution",
            name="awaited_event",
            field=models.CharField(help_text="Goes on when this event is emitted.", max_length=100, null=True),
        ),
        migrations.AddField(
            model_name="execution",
            name="awaits",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                help_text="Goes on when all of these steps have ended.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="consumed",
            field=models.BooleanField(db_default=False, help_text="Its workflow has gone on past its failure."),
        ),
        migrations.AddField(
            model_name="execution",
            name="detached",
            field=models.BooleanField(db_default=False, help_text="Its workflow does not wait for it."),
        ),
        migrations.AddField(
            model_name="execution",
            name="inputs",
            field=models.JSONField(
                help_text="Which params come from results of steps: at (place), from (id), path.", null=True
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="optional",
            field=models.BooleanField(db_default=False, help_text="May fail without failing its workflow."),
        ),
        migrations.AddField(
            model_name="execution",
            name="parent",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="steps",
                to="actions.execution",
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="prerequisites",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), help_text="Steps that end before this one starts.", null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="step",
            field=models.CharField(help_text="Its key among the steps of its workflow.", max_length=255, null=True),
        ),
        migrations.AddField(
            model_name="execution",
            name="wake_at",
            field=models.DateTimeField(help_text="Goes on at this time at the latest.", null=True),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                models.F("status"),
                models.F("id"),
                condition=models.Q(
                    ("status__in", [actions.states.Status["BLOCKED"], actions.states.Status["WAITING"]])
                ),
                name="execution_suspended",
            ),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                models.F("wake_at"), condition=models.Q(("wake_at__isnull", False)), name="execution_timers"
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parent__isnull", False)), fields=("parent", "step"), name="execution_step"
            ),
        ),
        migrations.AddIndex(
            model_name="externalevent",
            index=models.Index(models.F("execution"), models.F("id"), name="event_execution"),
        ),
        migrations.AddConstraint(
            model_name="externalevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False)),
                fields=("execution", "idempotency_key"),
                name="event_key",
            ),
        ),
        migrations.RunSQL(_CHECKS, _CHECKS_BACK),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
