"""The audit: append-only by triggers, whoever asks."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

USUAL = [
    "execution.accepted", "execution.resumed", "execution.started", "execution.succeeded", "execution.suspended",
    "execution.unblocked",
]  # fmt: skip
"""Verbs of executions that go well: most of the entries."""


class AuditEntry(models.Model):
    """One thing that happened: a status change, a refusal, a changed setting. Never updated, never deleted."""

    id = models.BigAutoField(primary_key=True)
    xid = models.BigIntegerField(help_text="The transaction that wrote it; a column default of the database.")
    at = models.DateTimeField(db_default=Now())
    verb = models.CharField(max_length=50)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=200)
    actor_label = models.CharField(max_length=255)
    execution_id = models.UUIDField(null=True)
    action = models.CharField(max_length=100, blank=True)
    attempt = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(null=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            models.Index("execution_id", "id", name="audit_execution"),
            models.Index("xid", "id", name="audit_sealing"),
            # What people did, and what is not written for every execution: what is asked for in an audit of millions.
            models.Index("id", name="audit_people", condition=models.Q(actor_kind="user")),
            models.Index("verb", "id", name="audit_unusual", condition=~models.Q(verb__in=USUAL)),
        ]

    def __str__(self) -> str:
        return self.verb
