"""What the tests' handlers write."""

from django.db import models


class Effect(models.Model):
    """The effect ledger: one row per entry of a handler, committed with its record or not at all."""

    execution_id = models.CharField(max_length=40)
    attempt = models.IntegerField()
    note = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.execution_id}#{self.attempt}"
