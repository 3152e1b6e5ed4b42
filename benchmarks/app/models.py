"""What the handlers of the benchmarks write."""

from django.db import models


class Row(models.Model):
    """One row per execution of the row-writing action, and per RQ job that does the same."""

    number = models.IntegerField()
    text = models.CharField(max_length=100)

    def __str__(self) -> str:
        return str(self.number)


class Effect(models.Model):
    """The effect ledger of chaos: a row per entry of a `database` handler, there only if its transaction committed."""

    execution_id = models.CharField(max_length=40)
    attempt = models.IntegerField()
    number = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.execution_id}#{self.attempt}"
