"""The only module that writes a status: every change is one guarded statement with its audit entry beside it.

`claim` and `settle` take sets of rows; `move` is one operator's verb; the others are what surrounds them. Statements
stand in sql/. A caller that gets fewer rows back than it sent was too late, and must roll back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from actions import conf, values
from actions.definitions.actor import Actor
from actions.engine.statements import fetch
from actions.errors import LeaseLost, TransactionControl
from actions.states import Outcome, Status

WORKER_LOCK = 0x646F_0001
"""First half of the advisory lock that every worker holds; the second is the worker's id."""
MAINTAIN_LOCK = 0x646F_0002
"""Advisory lock of the one maintain that acts."""
_VERBS = {Outcome.GIVEN_BACK: "given_back", Outcome.POSTPONED: "postponed", Outcome.LOST: "rescued"}
"""Endings whose audit verb says more than the status they lead to."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that this worker now holds."""

    id: UUID
    action: str
    attempt: int
    tries: int
    losses: int
    params: str
    """JSON text, secrets left out."""
    secret: bytes | None
    """Ciphertext of the secret params."""


@dataclass(slots=True, kw_only=True)
class Ending:
    """How one attempt ended: what settle records."""

    id: UUID
    attempt: int
    status: Status
    outcome: Outcome
    result: str | None = None
    """JSON text."""
    error: dict[str, Any] | None = None
    delay: float = 0.0
    """Seconds until it is due again, or its resolver is asked."""
    tries: int = 0
    losses: int = 0
    duration: float | None = None
    lines: list[dict[str, Any]] | None = None
    progress: dict[str, Any] | None = None
    details: dict[str, Any] | None = None
    """What the audit entry says beside the status: fingerprint of the result, class of the error."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What becomes of an attempt whose worker is gone."""

    id: UUID
    attempt: int
    worker: int
    status: Status
    outcome: Outcome
    error: dict[str, Any] | None
    delay: float = 0.0
    tries: int = 0
    losses: int = 0


def claim(
    *, queue: str, worker: int, size: int, groupable: list[str], forgettable: list[str], secretive: list[str]
) -> list[Claim]:
    """Take up to `size` due executions of `queue`; one alone unless all may share a transaction.

    `groupable` are the actions that may be grouped, `forgettable` those whose claim may commit asynchronously,
    `secretive` those with secret params.
    """
    rows = fetch(
        "claim",
        {
            "queue": queue,
            "worker": worker,
            "size": size,
            "groupable": groupable,
            "forgettable": forgettable,
            "secretive": secretive,
        },
        prepare=True,
    )
    return [Claim(*row[:7]) for row in rows]


def claim_limited(*, queue: str, action: str, worker: int) -> list[Claim]:
    """Take one due execution of a limited action whose row the caller holds locked."""
    return [Claim(*row) for row in fetch("claim_limited", {"queue": queue, "action": action, "worker": worker})]


def settle(endings: list[Ending], *, worker: int, marked: bool = False) -> str:
    """Record how attempts ended; returns the id of the transaction, for judging a COMMIT without reply.

    `marked` says that handlers have written in this transaction, so the unsettled mark must still be there. Raises, for
    the caller to roll back, LeaseLost when any attempt is no longer this worker's, and TransactionControl when a handler
    ended the transaction that it was given.
    """
    rows = _settle_one(endings[0], worker) if len(endings) == 1 else _settle_many(endings, worker)
    if len(rows) != len(endings):
        raise LeaseLost
    if marked and not rows[0][2]:
        raise TransactionControl
    return str(rows[0][1])


def _settle_one(ending: Ending, worker: int) -> list[tuple[Any, ...]]:
    return fetch(
        "settle_one",
        {
            "worker": worker,
            "id": ending.id,
            "attempt": ending.attempt,
            "status": ending.status.value,
            "outcome": ending.outcome.value,
            "verb": f"execution.{_VERBS.get(ending.outcome, ending.status.value)}",
            "result": ending.result,
            "error": _text(ending.error),
            "delay": ending.delay,
            "tries": ending.tries,
            "losses": ending.losses,
            "duration": ending.duration,
            "lines": _text(ending.lines),
            "progress": _text(ending.progress),
            "details": _text(ending.details),
        },
        prepare=True,
    )


def _settle_many(endings: list[Ending], worker: int) -> list[tuple[Any, ...]]:
    return fetch(
        "settle",
        {
            "worker": worker,
            "ids": [ending.id for ending in endings],
            "attempts": [ending.attempt for ending in endings],
            "statuses": [ending.status.value for ending in endings],
            "outcomes": [ending.outcome.value for ending in endings],
            "verbs": [f"execution.{_VERBS.get(ending.outcome, ending.status.value)}" for ending in endings],
            "results": [ending.result for ending in endings],
            "errors": [_text(ending.error) for ending in endings],
            "delays": [ending.delay for ending in endings],
            "tries": [ending.tries for ending in endings],
            "losses": [ending.losses for ending in endings],
            "durations": [ending.duration for ending in endings],
            "lines": [_text(ending.lines) for ending in endings],
            "progress": [_text(ending.progress) for ending in endings],
            "details": [_text(ending.details) for ending in endings],
        },
        prepare=True,
    )


def held(*, worker: int) -> list[Claim]:
    """What runs in the name of this worker, without params."""
    return [
        Claim(row_id, action, attempt, tries, losses, params="{}", secret=None)
        for row_id, action, attempt, tries, losses in fetch("held", {"worker": worker})
    ]


def settled_as(ending: Ending, *, worker: int) -> bool:
    """Whether the attempt was recorded as `ending` says, by this worker."""
    keys = {"id": ending.id, "attempt": ending.attempt, "worker": worker, "outcome": ending.outcome.value}
    return bool(fetch("settled_as", keys)[0][0])


def rescuable() -> list[tuple[Any, ...]]:
    """Rows of attempts whose worker is gone, locked: id, attempt, worker, action, losses, tries, effects, whether its
    hard timeout has passed, seconds until it does."""
    return fetch("rescue", {"lease": conf.get().LEASE, "lock": WORKER_LOCK})


def settle_lost(losses: list[Loss]) -> list[tuple[UUID, str, str]]:
    """Settle attempts in the name of workers that are gone; returns id, queue and new status of those that still were."""
    rows = fetch(
        "rescue_settle",
        {
            "ids": [loss.id for loss in losses],
            "attempts": [loss.attempt for loss in losses],
            "workers": [loss.worker for loss in losses],
            "statuses": [loss.status.value for loss in losses],
            "outcomes": [loss.outcome.value for loss in losses],
            "errors": [_text(loss.error) for loss in losses],
            "delays": [loss.delay for loss in losses],
            "tries": [loss.tries for loss in losses],
            "losses": [loss.losses for loss in losses],
        },
    )
    return [(row[0], row[1], row[2]) for row in rows]


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
            **_actor(actor),
            "reason": reason,
            "outcome": outcome,
            "result": result,
            "error": _text(error),
            "fresh": fresh,
            "tries": tries,
            "delay": delay,
            "data": _text(details),
        },
    )
    return rows[0][0] if rows else None


def request_cancel(*, id: UUID, attempt: int, actor: Actor, reason: str) -> bool:  # noqa: A002
    """Ask a running attempt to stop; False when it was asked before, or runs no more."""
    return bool(fetch("request_cancel", {"id": id, "attempt": attempt, **_actor(actor), "reason": reason}))


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
            **_actor(actor),
            "execution": execution,
            "action": action,
            "attempt": attempt,
            "reason": reason,
            "data": _text(details),
        },
    )


def make_due(queue: str) -> None:
    """Let nothing in the queue wait for its time (tests do not sleep through retries)."""
    fetch("make_due", {"queue": queue})


def prune(*, days: int, size: int, newest: UUID) -> int:
    """Delete up to `size` executions that ended more than `days` ago; returns how many went."""
    return int(fetch("prune", {"days": days, "size": size, "newest": newest})[0][0])


def last_retry(id: UUID, *, attempt: int) -> tuple[str, datetime] | None:  # noqa: A002
    """Who retried that attempt of an execution, and when; None when nobody did."""
    rows = fetch("last_retry", {"id": id, "attempt": attempt})
    return (rows[0][0], rows[0][1]) if rows else None


def origin(id: UUID) -> tuple[str, str]:  # noqa: A002
    """The action and the queue of an execution."""
    row = fetch("origin", {"id": id})[0]
    return row[0], row[1]


def warn(*, id: UUID, attempt: int, line: dict[str, Any]) -> None:  # noqa: A002
    """Add a line to an attempt that has ended (an on_commit hook failed)."""
    fetch("warn", {"id": id, "attempt": attempt, "line": values.dumps([line])})


def _actor(actor: Actor) -> dict[str, str]:
    return {"actor_kind": actor.kind, "actor_id": actor.id[:200], "actor_label": actor.label[:255]}


def _text(value: Any) -> str | None:
    return None if value is None else values.dumps(value)
