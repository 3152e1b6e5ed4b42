"""Executions: one row per request to do an action; a step of a workflow is one with a parent."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from actions.ids import public_id
from actions.states import DUE, Status


class Execution(models.Model):
    """One request to do an action. Written by engine/ledger alone.

    The check of migration 0005 refuses what the chart forbids: finished_at exactly in finished statuses, a worker exactly in
    running, an error only in failed, retrying and in_doubt.
    """

    id = models.UUIDField(primary_key=True)
    # Without constraints: executions outlive the action's row, and the foreign key's trigger would cost more than the
    # insert on the hot path.
    action = models.ForeignKey("actions.Action", models.DO_NOTHING, db_constraint=False, db_index=False)
    queue = models.CharField(max_length=100)
    priority = models.SmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=[(status.value, status.replace("_", " ")) for status in Status])
    params = models.JSONField()
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)
    fingerprint = models.CharField(max_length=64)
    principal = models.CharField(max_length=200, help_text="Owner of the idempotency key; * for a derived key.")
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001  (no key is not the empty key)
    replay_of = models.ForeignKey(
        "self", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="replays"
    )
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=200)
    actor_label = models.CharField(max_length=255)
    tags = ArrayField(models.CharField(max_length=100), default=list)
    attempt = models.IntegerField(default=0, help_text="The fence: rises with every claim.")
    tries = models.IntegerField(default=0, help_text="Failures counted against max_attempts.")
    losses = models.SmallIntegerField(default=0, help_text="Workers lost in the middle of it.")
    worker = models.ForeignKey("actions.Worker", models.DO_NOTHING, db_constraint=False, db_index=False, null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    available_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, help_text="Start of the latest attempt.")
    finished_at = models.DateTimeField(null=True)
    has_callback = models.BooleanField(db_default=False, help_text="Its ends are told to somebody.")

    # Of a failed one. The index of those that nobody has handled (execution_unhandled) stands in migration 0027.
    handled_attempt = models.IntegerField(
        null=True, help_text="The attempt whose failure somebody has handled; a later one is open again."
    )
    handled_at = models.DateTimeField(null=True)
    handled_by = models.CharField(max_length=255, null=True)  # noqa: DJ001  (nobody has no name)
    handled_reason = models.TextField(null=True)  # noqa: DJ001

    # A step of a workflow
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="steps"
    )
    step = models.CharField(  # noqa: DJ001  (no step is not the step without a name)
        max_length=255, null=True, help_text="Its key among the steps of its workflow."
    )
    optional = models.BooleanField(db_default=False, help_text="May fail without failing its workflow.")
    detached = models.BooleanField(db_default=False, help_text="Its workflow does not wait for it.")
    consumed = models.BooleanField(db_default=False, help_text="Its workflow has gone on past its failure.")
    prerequisites = ArrayField(models.UUIDField(), null=True, help_text="Steps that end before this one starts.")
    inputs = models.JSONField(
        null=True, help_text="Which params come from results of steps: at (place), from (id), path."
    )

    # A workflow that waits
    awaits = ArrayField(models.UUIDField(), null=True, help_text="Goes on when all of these steps have ended.")
    awaited_event = models.CharField(  # noqa: DJ001
        max_length=100, null=True, help_text="Goes on when this event is emitted."
    )
    wake_at = models.DateTimeField(null=True, help_text="Goes on at this time at the latest.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="execution_step", fields=["parent", "step"], condition=Q(parent__isnull=False)
            ),
            # The key first: it is found whosever it is.
            models.UniqueConstraint(
                name="execution_by_key",
                fields=["idempotency_key", "principal", "action"],
                condition=Q(idempotency_key__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                "queue", "priority", "available_at", "id", name="execution_due", condition=Q(status__in=sorted(DUE))
            ),
            models.Index("worker", name="execution_running", condition=Q(status=Status.RUNNING.value)),
            models.Index(
                F("status"),
                F("finished_at").desc(),
                F("id").desc(),
                name="execution_attention",
                condition=Q(status__in=["failed", "in_doubt"]),
            ),
            models.Index("action", "id", name="execution_action"),
            models.Index(
                "action", "finished_at", "id", name="execution_failed", condition=Q(status=Status.FAILED.value)
            ),
            models.Index(
                "status",
                "id",
                name="execution_unusual",
                condition=Q(status__in=["blocked", "cancelled", "failed", "in_doubt", "skipped", "waiting"]),
            ),
            models.Index("replay_of", name="execution_replays", condition=Q(replay_of__isnull=False)),
            models.Index("wake_at", name="execution_timers", condition=Q(wake_at__isnull=False)),
            models.Index("actor_id", "id", name="execution_scheduled", condition=Q(actor_kind="schedule")),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """exec_ and 26 characters, time-ordered."""
        return public_id(self.id)

    @property
    def handled(self) -> bool:
        """Whether it stands failed, and somebody has said of this failure that it is handled."""
        return self.status == Status.FAILED and self.handled_attempt == self.attempt


class ExecutionSecret(models.Model):
    """The secret params of an execution, encrypted; gone with it."""

    execution = models.OneToOneField(Execution, models.CASCADE, primary_key=True, db_constraint=False)
    ciphertext = models.BinaryField()

    def __str__(self) -> str:
        return f"secret params of {public_id(self.execution_id)}"


class Unsettled(models.Model):
    """A transaction in which handlers have written and settle has not spoken yet.

    The row is inserted before a handler's first statement and deleted by settle. A deferred constraint trigger refuses
    every COMMIT that would leave it, so that not even a raw COMMIT inside a handler publishes unsettled work.
    """

    worker = models.OneToOneField("actions.Worker", models.DO_NOTHING, db_constraint=False, primary_key=True)

    def __str__(self) -> str:
        return f"unsettled work of worker {self.pk}"
