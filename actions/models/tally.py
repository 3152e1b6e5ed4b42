"""Tallies: what the audit told, counted per minute and per hour, for charts."""

from django.db import models


class Tally(models.Model):
    """How many executions of one action were accepted, and ended how, in one minute or hour. Written by engine/tally.py."""

    pk = models.CompositePrimaryKey("span", "at", "action")
    span = models.IntegerField(help_text="Seconds: 60 or 3600.")
    at = models.DateTimeField(help_text="Its beginning.")
    action = models.CharField(max_length=100)
    accepted = models.IntegerField()
    succeeded = models.IntegerField()
    failed = models.IntegerField()
    retrying = models.IntegerField()
    in_doubt = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.action} at {self.at}"


class TallyMark(models.Model):
    """One row: every audit entry before (xid, id) is in the tallies, and no other."""

    number = models.IntegerField(primary_key=True, help_text="1")
    xid = models.BigIntegerField()
    entry = models.BigIntegerField()
    settled = models.BigIntegerField(
        db_default=0, default=0, help_text="Entries up to this number came with a restore and are counted."
    )

    def __str__(self) -> str:
        return f"up to {self.xid}, {self.entry}"
