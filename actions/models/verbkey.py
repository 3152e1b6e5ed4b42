"""Idempotency keys of verbs: that a retry or a cancel was asked for before."""

from django.db import models
from django.db.models.functions import Now


class VerbKey(models.Model):
    """A verb on an execution that was done under a key. Written by engine/operate/once.py in the verb's own transaction."""

    pk = models.CompositePrimaryKey("principal", "execution_id", "idempotency_key")
    principal = models.CharField(max_length=200)
    execution_id = models.UUIDField()
    idempotency_key = models.CharField(max_length=255)
    verb = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.idempotency_key
