"""Steps of workflows: stored, recorded, moved on. Everything here is called with the workflow's row locked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from actions import ids, values
from actions.definitions.actor import Actor
from actions.engine import endings as ends
from actions.engine.ledger.attempts import VERBS, Ending, as_text
from actions.engine.ledger.verbs import told
from actions.engine.statements import fetch


@dataclass(slots=True, kw_only=True)
class NewStep:
    """A step as it is stored. `edges` are the prerequisites with whether their results are needed."""

    id: UUID
    parent: UUID
    owner: str
    """The workflow's public id, who asked for it."""
    label: str
    """The workflow's name."""
    step: str
    action: str
    queue: str
    priority: int
    params: str
    """JSON text."""
    fingerprint: str
    secret: bytes | None
    tags: Sequence[str]
    optional: bool = False
    detached: bool = False
    inputs: str | None = None
    edges: list[tuple[UUID, bool]] = field(default_factory=list)
    blocked: bool = False
    ending: Ending | None = None
    """How it ended, where it ran in line."""
    began: float = 0.0
    """When it ran in line: monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """What a workflow that suspends waits for: all of these steps, or the event, or the time; whichever comes first."""

    id: UUID
    awaits: Sequence[UUID]
    event: str | None
    wake_at: datetime | None


def lock(ids: Sequence[UUID], ended: Sequence[UUID] = ()) -> list[UUID]:
    """Lock these executions, in order of their ids; returns those that wait for any of the steps in `ended`."""
    return [row[0] for row in fetch("lock", {"ids": list(ids), "ended": list(ended)}, prepare=True) if row[1]]


def start_steps(steps: Sequence[NewStep]) -> None:
    """Store steps that are to run."""
    if steps:
        columns = _columns(steps)
        columns |= {
            "statuses": ["blocked" if step.blocked else "queued" for step in steps],
            "optionals": [step.optional for step in steps],
            "detacheds": [step.detached for step in steps],
        }
        fetch("start_steps", columns, prepare=True)


def record_steps(steps: Sequence[NewStep], *, worker: int, now: float) -> None:
    """Store steps that ran in line, with how they ended; `now` is the monotonic time."""
    endings = [step.ending for step in steps if step.ending is not None]
    if not endings:
        return
    columns = _columns(steps)
    columns |= {
        "worker": worker,
        "statuses": [ending.status.value for ending in endings],
        "outcomes": [ending.outcome.value for ending in endings],
        "verbs": [f"execution.{VERBS.get(ending.outcome, ending.status.value)}" for ending in endings],
        "results": [ending.result for ending in endings],
        "errors": [as_text(ending.error) for ending in endings],
        "delays": [ending.delay for ending in endings],
        "tries": [ending.tries for ending in endings],
        "losses": [ending.losses for ending in endings],
        "ages": [now - step.began for step in steps],
        "durations": [ending.duration or 0.0 for ending in endings],
        "lines": [as_text(ending.lines) for ending in endings],
        "progress": [as_text(ending.progress) for ending in endings],
        "details": [as_text(ending.details) for ending in endings],
    }
    fetch("record_steps", columns, prepare=True)


def copy_step(row: tuple[Any, ...], *, fresh: dict[str, UUID], parent: UUID, label: str) -> None:
    """Store a copy of a step, a row of earlier_steps.sql, under the workflow `parent`; `fresh` has the copies' ids."""
    (
        original, step, action, queue, priority, status, params, result, error, fingerprint, tags, optional, detached,
        consumed, inputs, prerequisites, started_at, finished_at, secret,
    ) = row  # fmt: skip
    details = {
        "params": fingerprint,
        "after": status,
        "copied_from": str(original),
        "parent": str(parent),
        "step": step,
    }
    if result is not None:
        details["result"] = values.check_and_digest(json.loads(result)).fingerprint
    taken = [{**one, "from": str(fresh.get(one["from"], one["from"]))} for one in json.loads(inputs or "[]")]
    fetch(
        "copy_step",
        {
            "id": fresh[str(original)],
            "original": original,
            "parent": parent,
            "owner": ids.public_id(parent),
            "label": label,
            "step": step,
            "action": action,
            "queue": queue,
            "priority": priority,
            "status": status,
            "params": params,
            "result": result,
            "error": error,
            "fingerprint": fingerprint,
            "tags": tags,
            "optional": optional,
            "detached": detached,
            "consumed": consumed,
            "inputs": values.dumps(taken) if taken else None,
            "prerequisites": [fresh.get(str(one), one) for one in prerequisites or ()] or None,
            "started_at": started_at,
            "finished_at": finished_at,
            "secret": secret,
            "data": values.dumps(details),
        },
    )


def suspend(suspensions: Sequence[Suspension]) -> None:
    """Say what workflows that were just settled as waiting wait for."""
    if suspensions:
        fetch(
            "suspend",
            {
                "ids": [one.id for one in suspensions],
                "awaits": [_ids(one.awaits) for one in suspensions],
                "events": [one.event for one in suspensions],
                "wakes": [one.wake_at for one in suspensions],
            },
        )


def remember(learned: Sequence[tuple[UUID, str, Any]]) -> None:
    """Keep what workflows were told: workflow, key, value."""
    fetch(
        "remember",
        {
            "ids": [workflow for workflow, _, _ in learned],
            "keys": [key for _, key, _ in learned],
            "texts": [values.dumps(value) for _, _, value in learned],
        },
    )


def take_events(taken: Sequence[tuple[UUID, str]]) -> None:
    """Give events to waits: id and key."""
    fetch("take_events", {"ids": [event for event, _ in taken], "keys": [key for _, key in taken]})


def consume(steps: Sequence[UUID]) -> None:
    """Workflows have gone on past the failures of these."""
    fetch("consume", {"ids": list(steps)})


def skip(ended: Sequence[UUID]) -> list[UUID]:
    """Skip what needs any of these, which ended without success; returns what was skipped."""
    skipped = [row[0] for row in fetch("skip", {"ids": list(ended)}, prepare=True)]
    ends.tell(skipped)
    return skipped


def unblock(ended: Sequence[UUID]) -> list[str]:
    """Queue what waited for any of these, and for nothing else any more; returns their queues."""
    return [row[0] for row in fetch("unblock", {"ids": list(ended)}, prepare=True)]


def resume(workflows: Sequence[UUID]) -> list[str]:
    """Queue those that wait for steps which have all ended; returns their queues."""
    return [row[0] for row in fetch("resume", {"ids": list(workflows)}, prepare=True)]


def due_queues() -> list[str]:
    """Queue workflows whose time has come; returns all queues with due executions."""
    return [row[0] for row in fetch("due_queues", {})]


def emit(
    *,
    id: UUID,  # noqa: A002
    execution: UUID,
    action: str,
    attempt: int,
    name: str,
    payload: str | None,
    digest: str | None,
    actor: Actor,
    reason: str,
    key: str | None,
) -> tuple[bool, str | None]:
    """Keep an event; whether it was new, and the queue of the workflow if that goes on by it."""
    rows = fetch(
        "emit",
        {
            "id": id,
            "execution": execution,
            "action": action,
            "attempt": attempt,
            "name": name,
            "payload": payload,
            "digest": digest,
            **told(actor),
            "reason": reason,
            "key": key,
        },
    )
    return bool(rows), rows[0][0] if rows else None


def revive(failed: Sequence[UUID], *, actor: Actor, reason: str) -> list[UUID]:
    """What was skipped because of these is blocked again."""
    return [row[0] for row in fetch("revive", {"ids": list(failed), **told(actor), "reason": reason})]


def reopen(waits: Sequence[tuple[UUID, Sequence[UUID]]], *, actor: Actor, reason: str) -> None:
    """Failed workflows wait again, each for the steps beside it, with their whole time before them."""
    ids = [workflow for workflow, _ in waits]
    fetch("reopen", {"ids": ids, "awaits": [_ids(steps) for _, steps in waits], **told(actor), "reason": reason})
    forget_deadlines(ids)


def forget_deadlines(workflows: Sequence[UUID]) -> None:
    """They have their whole time again."""
    fetch("forget_deadline", {"ids": list(workflows)})


def cancel_steps(steps: Sequence[UUID], *, actor: Actor, reason: str) -> list[UUID]:
    """Cancel them as far as that goes, ask those that run outside; returns what was cancelled."""
    cancelled = [row[0] for row in fetch("cancel_steps", {"ids": list(steps), **told(actor), "reason": reason})]
    ends.tell(cancelled)
    return cancelled


def _columns(steps: Sequence[NewStep]) -> dict[str, Any]:
    # Written once: a graph names each step several times, and a UUID takes long to write.
    names = {step.id: str(step.id) for step in steps}
    edges = [
        (names.get(before) or str(before), names[step.id], needed) for step in steps for before, needed in step.edges
    ]
    return {
        "ids": list(names.values()),
        "parents": [step.parent for step in steps],
        "owners": [step.owner for step in steps],
        "labels": [step.label for step in steps],
        "steps": [step.step for step in steps],
        "actions": [step.action for step in steps],
        "queues": [step.queue for step in steps],
        "priorities": [step.priority for step in steps],
        "params": [step.params for step in steps],
        "fingerprints": [step.fingerprint for step in steps],
        "secrets": [step.secret for step in steps],
        "tags": [_array(step.tags) for step in steps],
        "inputs": [step.inputs for step in steps],
        "prerequisites": [
            "{" + ",".join([names.get(before) or str(before) for before, _ in step.edges]) + "}" if step.edges else None
            for step in steps
        ],
        "froms": [before for before, _, _ in edges],
        "tos": [after for _, after, _ in edges],
        "needs": [needed for _, _, needed in edges],
    }


def _ids(ids: Sequence[UUID]) -> str | None:
    """A PostgreSQL array as text, because arrays of arrays must not be ragged; None for none."""
    return "{" + ",".join(map(str, ids)) + "}" if ids else None


def _array(texts: Sequence[str]) -> str:
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
