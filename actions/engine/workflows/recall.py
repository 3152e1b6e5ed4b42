"""recall: what earlier entries of a workflow left: its steps, and what its function was told."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actions import ids
from actions.engine.ledger import Claim
from actions.engine.statements import fetch
from actions.errors import StepFailed
from actions.states import FINISHED, Status

UNDO = "undo:"
"""Begins the keys of steps that undo others."""


@dataclass(slots=True)
class Step:
    """A step as its workflow function meets it."""

    id: UUID
    key: str
    action: str
    status: Status
    result: str | None
    """JSON text."""
    error: dict[str, Any] | None
    fingerprint: str
    optional: bool
    detached: bool
    consumed: bool

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.status in FINISHED

    def failure(self, cause: StepFailed | None = None) -> StepFailed:
        """Why there is no result; `cause` is the failure because of which it was skipped."""
        error = self.error if cause is None else {"code": cause.code, "message": cause.message}
        return StepFailed(self.key, ids.public_id(self.id), self.status, error)


@dataclass(slots=True)
class Recalled:
    """Steps by key, and what is remembered by key."""

    steps: dict[str, Step] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)


def recall(claim: Claim) -> Recalled:
    """What is there when the function is entered by `claim`; nothing at the first time."""
    if claim.attempt == 1 and not claim.replayed:
        return Recalled()
    steps = [
        Step(id_, key, action, Status(status), result, json.loads(error) if error else None, *rest)
        for id_, key, action, status, result, error, *rest in fetch("steps", {"id": claim.id}, prepare=True)
    ]
    memory = {key: json.loads(text) for key, text in fetch("memory", {"id": claim.id}, prepare=True)}
    return Recalled({step.key: step for step in steps}, memory)
