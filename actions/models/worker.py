"""Workers: one row per worker process that ever registered."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Worker(models.Model):
    """A worker process: its lease is as fresh as `heartbeat_at`, its advisory lock dies with its connection."""

    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=100)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    queues = ArrayField(models.CharField(max_length=100))
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    current = models.UUIDField(null=True, help_text="The execution it was on at its last heartbeat.")
    gone_at = models.DateTimeField(null=True)
    quiet_at = models.DateTimeField(null=True, help_text="Since when it is asked to take nothing new.")
    quiet_by = models.CharField(max_length=255, db_default="", default="")
    quiet_reason = models.TextField(db_default="", default="")
    stop_at = models.DateTimeField(null=True, help_text="When it was asked to end after what it is on.")
    stop_by = models.CharField(max_length=255, db_default="", default="")
    stop_reason = models.TextField(db_default="", default="")

    class Meta:
        indexes: ClassVar = [
            models.Index("id", name="worker_live", condition=Q(gone_at__isnull=True)),
            models.Index("gone_at", name="worker_gone", condition=Q(gone_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
