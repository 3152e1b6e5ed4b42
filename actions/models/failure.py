"""Failures that are alike, as groups: what operators triage. Counted by engine/group.py, which nothing waits for."""

from typing import ClassVar

from django.db import models


class ErrorGroup(models.Model):
    """All failed tries of one action with the same class of error from the same place.

    The fingerprint is what the database's function actions_error_group makes of an action and an error.
    """

    class State(models.TextChoices):
        """What people said about it. What fails again after it was resolved is open again, whatever stands here."""

        OPEN = "open"
        RESOLVED = "resolved"
        IGNORED = "ignored"

    fingerprint = models.CharField(primary_key=True, max_length=32)
    action = models.CharField(max_length=100)
    code = models.CharField(max_length=100)
    error_class = models.CharField(max_length=255)
    place = models.CharField(max_length=500, blank=True, help_text="Where it was raised: module and function.")
    message = models.TextField(help_text="Of the newest one.")
    count = models.BigIntegerField(help_text="Failed tries, since the group is known.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_default=State.OPEN)
    state_by = models.CharField(max_length=255, default="", db_default="")
    state_at = models.DateTimeField(null=True)
    ignored_until = models.DateTimeField(null=True, help_text="Open again after this time; never, where there is none.")
    note = models.TextField(default="", db_default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(models.F("last_seen_at").desc(), "fingerprint", name="errorgroup_newest"),
            models.Index("action", "fingerprint", name="errorgroup_action"),
            models.Index("first_seen_at", name="errorgroup_first"),
            models.Index("last_seen_at", name="errorgroup_triaged", condition=~models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.error_class} in {self.action}"


class ErrorTally(models.Model):
    """How often a group failed in one hour."""

    pk = models.CompositePrimaryKey("fingerprint", "hour")
    fingerprint = models.CharField(max_length=32)
    hour = models.DateTimeField()
    count = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.count} in the hour of {self.hour:%Y-%m-%d %H}:00"


class ErrorMark(models.Model):
    """How far the audit was looked through for failures: everything up to (xid, id). One row."""

    xid = models.BigIntegerField()
    entry = models.BigIntegerField()
    settled = models.BigIntegerField(
        db_default=0, default=0, help_text="Entries up to this number came with a restore and are counted."
    )

    def __str__(self) -> str:
        return f"up to {self.xid}, {self.entry}"
