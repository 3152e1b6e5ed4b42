"""Schedules: when an action is asked for by the clock."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from actions.states import CatchUp


class Schedule(models.Model):
    """One schedule of one action, from the code or made by a person. Its executions have the actor `schedule:<id>`.

    `next_at` is what maintain goes by: empty while it is paused, and where nothing comes any more.
    """

    action = models.ForeignKey(
        "actions.Action", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="schedules"
    )
    name = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    cron = models.CharField(max_length=100, help_text="Five fields, or six with the second first.")
    timezone = models.CharField(max_length=64, default="UTC")
    catch_up = models.CharField(
        max_length=10, choices=[(policy.value, policy.value) for policy in CatchUp], default=CatchUp.ONE.value
    )
    declared = models.BooleanField(default=False, help_text="Whether it comes from the code.")
    withdrawn = models.BooleanField(default=False, help_text="Whether the code of the last start has it no more.")
    next_at = models.DateTimeField(null=True, db_index=True)
    last_at = models.DateTimeField(null=True, help_text="The last time that was done, as it was due.")
    last_error = models.TextField(blank=True, default="", help_text="Why the last time was not done.")
    last_error_at = models.DateTimeField(null=True, help_text="When that was due.")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=255, blank=True, default="")
    paused_reason = models.TextField(blank=True, default="")
    paused_until = models.DateTimeField(null=True, help_text="When maintain resumes it.")
    created_by = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="schedule_name", fields=["action", "name"])]

    def __str__(self) -> str:
        return f"{self.action_id}/{self.name}"
