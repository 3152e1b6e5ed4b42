"""Idempotency keys of verbs: that a retry or a cancel was asked for before."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class VerbKey(models.Model):
    """A verb on an execution that was done under a key. Written by engine/operate/once.py in the verb's own transaction; gone
    with the execution."""

    pk = models.CompositePrimaryKey("principal", "execution_id", "idempotency_key")
    principal = models.CharField(max_length=200)
    execution_id = models.UUIDField()
    idempotency_key = models.CharField(max_length=255)
    verb = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index("execution_id", name="verbkey_execution")]

    def __str__(self) -> str:
        return self.idempotency_key
