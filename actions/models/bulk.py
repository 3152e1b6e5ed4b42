"""Bulk operations: one verb on many executions, frozen when it was asked for, done one by one in the background."""

import struct
import zlib
from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

_ITEM = struct.Struct(">16sI")


class BulkOperation(models.Model):
    """One wish of a person for many executions. Its items are the executions as they stood when it was previewed."""

    class Verb(models.TextChoices):
        """What is done to each."""

        RETRY = "retry"
        RUN_NOW = "run_now"
        CANCEL = "cancel"
        REPLAY = "replay"

    id = models.UUIDField(primary_key=True)
    verb = models.CharField(max_length=20, choices=Verb.choices)
    reason = models.TextField(blank=True)
    query = models.TextField(blank=True, help_text="The search that the selection came from.")
    total = models.IntegerField()
    per_second = models.FloatField(null=True, help_text="At most so many a second; no limit where empty.")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=200)
    actor_label = models.CharField(max_length=255)
    actor_key = models.CharField(max_length=20, blank=True)
    execution = models.ForeignKey(
        "actions.Execution", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    aborted_at = models.DateTimeField(null=True)
    aborted_by = models.CharField(max_length=255, blank=True, db_default="", default="")
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.verb} {self.total}"


class BulkItem(models.Model):
    """One execution of a bulk operation; no outcome yet: not done yet."""

    class Outcome(models.TextChoices):
        """What became of it."""

        DONE = "done"
        SKIPPED = "skipped"
        FAILED = "failed"

    pk = models.CompositePrimaryKey("operation_id", "position")
    operation = models.ForeignKey(BulkOperation, models.CASCADE, db_index=False, related_name="items")
    position = models.IntegerField()
    execution_id = models.UUIDField()
    attempt = models.IntegerField(help_text="The attempt that was seen.")
    outcome = models.CharField(max_length=10, null=True, choices=Outcome.choices)  # noqa: DJ001
    code = models.CharField(max_length=100, blank=True, db_default="", default="")
    message = models.TextField(blank=True, db_default="", default="")
    made = models.UUIDField(null=True, help_text="The execution that a replay made.")
    at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index("operation", "position", name="bulkitem_open", condition=Q(outcome__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id}: {self.outcome or 'open'}"


class BulkSelection(models.Model):
    """Executions as somebody saw them who is about to act on them: which, and at which attempt. Kept for a day.

    It stands here and not in a session or a form, so that what is done is what the preview showed, whatever else is open in
    other windows, however often the page is loaded again, and whatever the search would find by then.
    """

    id = models.UUIDField(primary_key=True)
    verb = models.CharField(max_length=20, choices=BulkOperation.Verb.choices)
    query = models.TextField(blank=True, help_text="The search that it came from.")
    everything = models.BooleanField(help_text="Whether it is all that the search found, not rows that were chosen.")
    total = models.IntegerField()
    items = models.BinaryField(help_text="zlib of 20 bytes each: the id, and the attempt as a big-endian integer.")
    principal = models.CharField(max_length=250, help_text="Who may see it and act by it.")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.verb} {self.total}"

    @staticmethod
    def packed(items: Iterable[tuple[UUID, int]]) -> bytes:
        """Ids with their attempts as `items` keeps them."""
        return zlib.compress(b"".join(_ITEM.pack(id_.bytes, attempt) for id_, attempt in items))

    def unpacked(self) -> list[tuple[UUID, int]]:
        """Each id with the attempt that was seen, in the order in which they were shown."""
        return [(UUID(bytes=id_), attempt) for id_, attempt in _ITEM.iter_unpack(zlib.decompress(bytes(self.items)))]
