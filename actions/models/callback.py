"""Callbacks: whom to tell when an execution ends, and the outbox of what is to be told."""

from typing import ClassVar
from uuid import UUID

from django.db import models

from actions.states import Status

PREFIX = "dlv_"


class Callback(models.Model):
    """Whom an execution's ends are told to; gone with it."""

    execution = models.OneToOneField("actions.Execution", models.DO_NOTHING, primary_key=True, db_constraint=False)
    url = models.TextField()
    secret = models.BinaryField(null=True, help_text="Its own signing secret, encrypted; none = the installation's.")

    def __str__(self) -> str:
        return f"callback of {self.execution_id}"


class Delivery(models.Model):
    """One end that is to be told, as it was at that moment.

    A trigger of migration 0008 writes the row in the transaction that ends the execution, whoever ends it. `carrier` is the
    execution that delivers it; it has the tries, and when it has failed the delivery is dead.
    """

    id = models.UUIDField(primary_key=True)
    execution = models.ForeignKey(
        "actions.Execution", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    action = models.CharField(max_length=100)
    attempt = models.IntegerField()
    status = models.CharField(max_length=10, choices=[(status.value, status.replace("_", " ")) for status in Status])
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)
    ended_at = models.DateTimeField()
    carrier = models.ForeignKey(
        "actions.Execution", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    delivered_at = models.DateTimeField(null=True)
    answered = models.SmallIntegerField(null=True, help_text="The HTTP status of the answer that accepted it.")

    class Meta:
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            models.Index("execution", "ended_at", name="delivery_execution"),
            models.Index("ended_at", name="delivery_new", condition=models.Q(carrier__isnull=True)),
            models.Index("ended_at", "id", name="delivery_log"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that the receiver knows it by, the same in every try."""
        return f"{PREFIX}{self.id.hex}"


def parse_delivery_id(text: str) -> UUID | None:
    """The id behind a delivery's public id; None when `text` is none."""
    digits = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(digits) != 32 or not digits.isascii() or not digits.isalnum():
        return None
    try:
        return UUID(hex=digits)
    except ValueError:
        return None
