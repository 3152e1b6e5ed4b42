"""What a workflow needs beside its executions: edges, what it remembers, what it was told."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from actions.models.execution import Execution


class Edge(models.Model):
    """`dependent` starts when `prerequisite` has ended; `needs_result` when it takes its result as a param.

    Found from the prerequisite; the other way, the dependent's row has the array of its prerequisites.
    """

    pk = models.CompositePrimaryKey("prerequisite_id", "dependent_id")
    prerequisite = models.ForeignKey(
        Execution, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="edges_out"
    )
    dependent = models.ForeignKey(
        Execution, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="edges_in"
    )
    needs_result = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.prerequisite_id} → {self.dependent_id}"


class Memory(models.Model):
    """Something that a workflow function was told once and is told again each time it is entered."""

    pk = models.CompositePrimaryKey("execution_id", "key")
    execution = models.ForeignKey(
        Execution, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="memories"
    )
    key = models.CharField(max_length=255)
    value = models.JSONField()
    at = models.DateTimeField(db_default=Now(), help_text="When it was learned last.")

    def __str__(self) -> str:
        return self.key


class ExternalEvent(models.Model):
    """An outside fact that a workflow waits for, or will."""

    id = models.UUIDField(primary_key=True)
    execution = models.ForeignKey(
        Execution, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="events"
    )
    name = models.CharField(max_length=100)
    payload = models.JSONField(null=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=200)
    actor_label = models.CharField(max_length=255)
    at = models.DateTimeField(db_default=Now())
    taken_by = models.CharField(max_length=255, null=True, help_text="The wait that took it.")  # noqa: DJ001
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001

    class Meta:
        indexes: ClassVar = [models.Index("execution", "id", name="event_execution")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="event_key", fields=["execution", "idempotency_key"], condition=Q(idempotency_key__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name
