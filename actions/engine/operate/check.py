"""check: what asking for an execution would do now, or be refused for; nothing of it stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from actions.definitions.actor import Actor
from actions.definitions.registry import registry
from actions.engine import access, workers
from actions.engine.operate.trigger import trigger
from actions.engine.statements import fetch
from actions.holds import Facts, Hold, reasons


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of it."""

    action: str
    queue: str
    existing: str
    """Public id of the execution that has the idempotency key already, and would be the answer; empty for a new one."""
    facts: Facts
    """What would hold it back."""

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Pauses."""
        return self.facts.pauses

    @property
    def workers(self) -> int:
        """Live workers of the queue."""
        return self.facts.workers

    @property
    def says(self) -> list[str]:
        """The same as sentences."""
        if self.existing:
            return [f"This was asked for before: the answer would be {self.existing}, and nothing would be done twice."]
        said = [f"This would be accepted as a new execution of {self.action}, in the queue {self.queue}."]
        return said + [reason.foreseen for reason in reasons(self.facts)]


def check(
    action: str,
    params: dict[str, Any],
    *,
    actor: Actor,
    reason: str = "",
    idempotency_key: str | None = None,
    available_at: datetime | None = None,
) -> Foreseen:
    """Ask for an execution and undo that. Raises what `trigger` raises. The handler is not entered."""
    with access.acting():
        accepted = trigger(
            action,
            params,
            actor=actor,
            reason=reason,
            idempotency_key=idempotency_key,
            available_at=available_at,
        )
        transaction.set_rollback(True)
    declared = registry.triggerable(action)
    asked = {"action": declared.name, "queue": declared.queue, "tags": list(declared.tags)}
    pauses = tuple(Hold(*row) for row in fetch("holds", asked))
    with connection.wrap_database_errors:
        live, quiet = workers.count_live(declared.queue)
    facts = Facts(
        action=declared.name,
        queue=declared.queue,
        home=declared.queue,
        available_at=available_at if available_at is not None and available_at > timezone.now() else None,
        pauses=pauses,
        workers=live,
        quiet=quiet,
    )
    return Foreseen(declared.name, declared.queue, accepted.id if accepted.replayed else "", facts)
