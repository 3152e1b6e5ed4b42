"""Attempts: taken by claim, ended by settle, or by rescue in the name of a worker that is gone."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from actions import conf, values
from actions.engine import endings as ends
from actions.engine.statements import fetch
from actions.errors import LeaseLost, TransactionControl
from actions.states import ENDED, Outcome, Status

WORKER_LOCK = 0x646F_0001
"""First half of the advisory lock that every worker holds; the second is the worker's id."""
MAINTAIN_LOCK = 0x646F_0002
"""Advisory lock of the one maintain that acts."""
VERBS = {
    Outcome.GIVEN_BACK: "given_back",
    Outcome.POSTPONED: "postponed",
    Outcome.LOST: "rescued",
    Outcome.SUSPENDED: "suspended",
}
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
    secret: bytes | None = None
    """Ciphertext of the secret params."""
    parent: UUID | None = None
    """The workflow that this is a step of."""
    replayed: bool = False
    """Whether it began as a replay, which may have brought steps with it."""
    inputs: str | None = None
    """JSON text: which params come from the results of other steps."""


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
    parent: UUID | None = None
    """The workflow that this is a step of."""
    entry: Any = None
    """The entry of a workflow function that ended so, with what it leaves to be recorded."""


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
    parent: UUID | None = None


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
            "QUEUE": queue,
            "WORKER": worker,
            "SIZE": size,
            "GROUPABLE": groupable,
            "FORGETTABLE": forgettable,
            "SECRETIVE": secretive,
        },
        prepare=True,
    )
    return [Claim(*row[:10]) for row in rows]


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
    ends.tell(ending.id for ending in endings if ending.status in ENDED)
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
            "verb": f"execution.{VERBS.get(ending.outcome, ending.status.value)}",
            "result": ending.result,
            "error": as_text(ending.error),
            "delay": ending.delay,
            "tries": ending.tries,
            "losses": ending.losses,
            "duration": ending.duration,
            "lines": as_text(ending.lines),
            "progress": as_text(ending.progress),
            "details": as_text(ending.details),
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
            "verbs": [f"execution.{VERBS.get(ending.outcome, ending.status.value)}" for ending in endings],
            "results": [ending.result for ending in endings],
            "errors": [as_text(ending.error) for ending in endings],
            "delays": [ending.delay for ending in endings],
            "tries": [ending.tries for ending in endings],
            "losses": [ending.losses for ending in endings],
            "durations": [ending.duration for ending in endings],
            "lines": [as_text(ending.lines) for ending in endings],
            "progress": [as_text(ending.progress) for ending in endings],
            "details": [as_text(ending.details) for ending in endings],
        },
        prepare=True,
    )


def held(*, worker: int) -> list[Claim]:
    """What runs in the name of this worker, without params."""
    return [
        Claim(row_id, action, attempt, tries, losses, params="{}", parent=parent)
        for row_id, action, attempt, tries, losses, parent in fetch("held", {"worker": worker})
    ]


def settled_as(ending: Ending, *, worker: int) -> bool:
    """Whether the attempt was recorded as `ending` says, by this worker."""
    keys = {"id": ending.id, "attempt": ending.attempt, "worker": worker, "outcome": ending.outcome.value}
    return bool(fetch("settled_as", keys)[0][0])


def rescuable() -> list[tuple[Any, ...]]:
    """Rows of attempts whose worker is gone, locked: id, attempt, worker, action, losses, tries, effects, whether its
    hard timeout has passed, seconds until it does, workflow."""
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
            "errors": [as_text(loss.error) for loss in losses],
            "delays": [loss.delay for loss in losses],
            "tries": [loss.tries for loss in losses],
            "losses": [loss.losses for loss in losses],
        },
    )
    ends.tell(row[0] for row in rows if row[2] in ENDED)
    return [(row[0], row[1], row[2]) for row in rows]


def warn(*, id: UUID, attempt: int, line: dict[str, Any]) -> None:  # noqa: A002
    """Add a line to an attempt that has ended (an on_commit hook failed)."""
    fetch("warn", {"id": id, "attempt": attempt, "line": values.dumps([line])})


def as_text(value: Any) -> str | None:
    """JSON text for a statement; None stays None."""
    return None if value is None else values.dumps(value)
