"""Attempts: one row per try of an execution."""

from django.db import models

from actions.states import Outcome


class Attempt(models.Model):
    """One try, numbered from 1. Open (no outcome) exactly while its execution runs it."""

    pk = models.CompositePrimaryKey("execution_id", "number")
    execution = models.ForeignKey(
        "actions.Execution", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="attempts"
    )
    number = models.IntegerField()
    worker = models.ForeignKey("actions.Worker", models.DO_NOTHING, db_constraint=False, db_index=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration = models.FloatField(null=True, help_text="Seconds that the handler took.")
    outcome = models.CharField(  # noqa: DJ001  (an open attempt has no outcome)
        max_length=10, null=True, choices=[(outcome.value, outcome.replace("_", " ")) for outcome in Outcome]
    )
    error = models.JSONField(null=True)
    progress = models.JSONField(null=True)
    lines = models.JSONField(null=True, help_text="Log lines and warnings kept with the attempt.")

    def __str__(self) -> str:
        return f"attempt {self.number}"
