"""Actions, queues and tags as rows: what operators may change about what code declares."""

from collections.abc import Sequence

from django.db import models


class Pausable(models.Model):
    """What operators pause: by whom, why, and until when; None for until somebody resumes it."""

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=255, blank=True)
    paused_reason = models.TextField(blank=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="When maintain resumes it.")

    class Meta:
        abstract = True


class Action(Pausable):
    """One declared action, synced from code when a process starts. Operators change `paused_*` and `notes`."""

    name = models.CharField(primary_key=True, max_length=100)
    kind = models.CharField(max_length=20, default="action")
    description = models.TextField(blank=True)
    effects = models.CharField(max_length=20)
    queue = models.CharField(max_length=100)
    timeout = models.FloatField(null=True, help_text="Soft timeout in seconds.")
    hard_timeout = models.FloatField(null=True, help_text="Seconds after which the worker process is killed.")
    max_concurrency = models.IntegerField(null=True)
    policies = models.JSONField(default=dict, help_text="The other policies, for reading.")
    params_schema = models.JSONField(default=dict)
    result_schema = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    secret_params = models.JSONField(default=list)
    declared = models.BooleanField(default=True, help_text="Whether the code of the last start declared it.")
    synced_at = models.DateTimeField(auto_now=True)
    notes = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def tag_pauses(self) -> "Sequence[Tag]":
        """Those of its tags that are paused, where queries.pauses has looked."""
        return getattr(self, "paused_tags", ())

    @property
    def held(self) -> bool:
        """Whether nothing of it starts."""
        return self.paused_at is not None or bool(self.tag_pauses)


class Queue(Pausable):
    """One queue; a row exists for each that was ever declared."""

    name = models.CharField(primary_key=True, max_length=100)

    def __str__(self) -> str:
        return self.name


class Tag(Pausable):
    """One tag, of actions and of executions; a row exists for each that was ever paused."""

    name = models.CharField(primary_key=True, max_length=100)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
