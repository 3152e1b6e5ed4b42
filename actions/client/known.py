"""What is known of an execution: the last that the platform told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actions.client.wire import Document

SUCCEEDED = "succeeded"
ENDED = frozenset({SUCCEEDED, "failed", "cancelled", "skipped", "in_doubt"})
"""Statuses at which waiting ends. Only `succeeded` and `cancelled` are for ever: the others can be retried or resolved."""


@dataclass(frozen=True, slots=True)
class Told:
    """An execution as the platform described it. `replayed`: the idempotency key had been seen before."""

    document: Document
    replayed: bool = False
    waited: float = 0.0
    """How many seconds were given for its end."""

    @property
    def id(self) -> str:
        """Its public id."""
        return str(self.document["id"])

    @property
    def status(self) -> str:
        """Its status; empty where only the id was told."""
        return str(self.document.get("status") or "")

    @property
    def ended(self) -> bool:
        """Whether waiting is over."""
        return self.status in ENDED


class Known:
    """What the two kinds of handles have in common. Reading costs nothing: it is as it was last told."""

    def __init__(self, told: Told) -> None:
        self._told = told

    @property
    def id(self) -> str:
        """The public id: exec_ and 26 characters."""
        return self._told.id

    @property
    def status(self) -> str:
        """Its status as last told; refresh() asks again. Empty where only the id was told (invoke_many)."""
        return self._told.status

    @property
    def ended(self) -> bool:
        """Whether it had succeeded, failed, was cancelled or skipped, or is in doubt."""
        return self._told.ended

    @property
    def replayed(self) -> bool:
        """Whether the idempotency key had been seen before, so that this is the execution of then."""
        return self._told.replayed

    @property
    def error(self) -> dict[str, Any] | None:
        """Its error as last told: {"code", "class", "message"}; None where there is none."""
        found = self._told.document.get("error")
        return found if isinstance(found, dict) else None

    @property
    def data(self) -> Mapping[str, Any]:
        """Everything that was told: action, params, result, attempts, steps, tags, times and so on."""
        return self._told.document

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status or 'not looked at yet'}>"
