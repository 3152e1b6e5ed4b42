"""Operators' verbs on one execution, entries by themselves, and what surrounds them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from actions import correlation
from actions.definitions.actor import Actor
from actions.engine import endings as ends
from actions.engine.ledger.attempts import as_text
from actions.engine.statements import fetch
from actions.states import ENDED, Outcome, Status


def move(
    *,
    id: UUID,  # noqa: A002
    before: Status,
    attempt: int,
    after: Status,
    verb: str,
    actor: Actor,
    reason: str,
    outcome: Outcome | None = None,
    result: str | None = None,
    error: dict[str, Any] | None = None,
    fresh: bool = False,
    tries: int = 0,
    delay: float = 0.0,
    details: dict[str, Any] | None = None,
) -> str | None:
    """One verb on one execution seen as (`before`, `attempt`); returns its queue, None when it had moved on.

    `fresh` starts the counting of tries and losses again, `tries` adds to it; `outcome` closes an open attempt; what is
    queued is due after `delay` seconds.
    """
    rows = fetch(
        "move",
        {
            "id": id,
            "before": before.value,
            "attempt": attempt,
            "after": after.value,
            "verb": verb,
            **told(actor),
            "reason": reason,
            "outcome": outcome,
            "result": result,
            "error": as_text(error),
            "fresh": fresh,
            "tries": tries,
            "delay": delay,
            "data": as_text(details),
        },
    )
    if rows and after in ENDED:
        ends.tell([id])
    return rows[0][0] if rows else None


def mark_handled(*, id: UUID, attempt: int, handled: bool, actor: Actor, reason: str) -> bool:  # noqa: A002
    """Mark what has failed as handled, or take the mark away; False when it is not as it was seen, or was so before."""
    marks = {"id": id, "attempt": attempt, "handled": handled, **told(actor), "reason": reason}
    return bool(fetch("mark_handled", marks))


def request_cancel(*, id: UUID, attempt: int, actor: Actor, reason: str) -> bool:  # noqa: A002
    """Ask a running attempt to stop; False when it was asked before, or runs no more."""
    return bool(fetch("request_cancel", {"id": id, "attempt": attempt, **told(actor), "reason": reason}))


def record(
    verb: str,
    *,
    actor: Actor,
    reason: str = "",
    execution: UUID | None = None,
    action: str = "",
    attempt: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """An audit entry by itself, for what is not a change of status."""
    fetch(
        "entry",
        {
            "verb": verb,
            **told(actor),
            "execution": execution,
            "action": action,
            "attempt": attempt,
            "reason": reason,
            "data": as_text(details),
        },
    )


def make_due(queue: str) -> None:
    """Let nothing in the queue wait for its time (tests do not sleep through retries)."""
    fetch("make_due", {"queue": queue})


def prune(*, days: int, size: int, newest: UUID) -> int:
    """Delete up to `size` executions that ended more than `days` ago; returns how many went."""
    return int(fetch("prune", {"days": days, "size": size, "newest": newest})[0][0])


def forget_bulk(*, days: int, size: int) -> int:
    """Delete up to `size` items of bulk operations that ended more than `days` ago, and those without items; how many items."""
    return int(fetch("forget_bulk", {"days": days, "size": size})[0][0])


def made_headway(id: UUID | None) -> None:  # noqa: A002
    """Forget the workers that an execution has lost: it has got further since."""
    fetch("made_headway", {"id": id})


def last_retry(id: UUID, *, attempt: int) -> tuple[str, datetime] | None:  # noqa: A002
    """Who retried that attempt of an execution, and when; None when nobody did."""
    rows = fetch("last_retry", {"id": id, "attempt": attempt})
    return (rows[0][0], rows[0][1]) if rows else None


def origin(id: UUID) -> tuple[str, str]:  # noqa: A002
    """The action and the queue of an execution."""
    row = fetch("origin", {"id": id})[0]
    return row[0], row[1]


def told(actor: Actor) -> dict[str, str | None]:
    """An actor as the statements take it, with what marks the entries of what it does now."""
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id[:200],
        "actor_label": actor.label[:255],
        "marks": correlation.marks(actor.kind),
    }
