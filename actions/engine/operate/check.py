"""check: what asking for an execution would do now, or be refused for; nothing of it stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from actions.definitions.actor import Actor
from actions.definitions.registry import registry
from actions.engine import access, workers
from actions.engine.operate.trigger import trigger
from actions.engine.statements import fetch


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that would keep it from starting. `kind`: action, queue or tag."""

    kind: str
    name: str
    by: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of it."""

    action: str
    queue: str
    existing: str
    """Public id of the execution that has the idempotency key already, and would be the answer; empty for a new one."""
    available_at: datetime | None
    """Not before this time; None for at once."""
    holds: tuple[Hold, ...]
    workers: int
    """Live workers of the queue."""

    @property
    def says(self) -> list[str]:
        """The same as sentences."""
        if self.existing:
            return [f"This was asked for before: the answer would be {self.existing}, and nothing would be done twice."]
        said = [f"This would be accepted as a new execution of {self.action}, in the queue {self.queue}."]
        if self.available_at is not None:
            said.append(f"It would not start before {self.available_at:%Y-%m-%d %H:%M:%S %Z}.")
        said += [_wait(hold) for hold in self.holds]
        if not self.workers:
            said.append(f"It would wait: no worker of the queue {self.queue} is at work.")
        return said


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
    holds = tuple(Hold(*row) for row in fetch("holds", asked))
    with connection.wrap_database_errors:
        live, _ = workers.count_live(declared.queue)
    existing = accepted.id if accepted.replayed else ""
    return Foreseen(declared.name, declared.queue, existing, available_at, holds, live)


def _wait(hold: Hold) -> str:
    until = f" until {hold.until:%Y-%m-%d %H:%M:%S} UTC" if hold.until else ""
    why = f": {hold.reason}" if hold.reason else "."
    return f"It would wait: the {hold.kind} {hold.name} is paused by {hold.by}{until}{why}"
