"""The execution that a verb is about, as it stands when the verb looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from actions import ids, narrowing
from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.statements import fetch
from actions.errors import ExecutionNotFound, Refused
from actions.states import Status

ROUNDS = 5
"""How often a verb looks again when the execution moved between its look and its change."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What verbs need to know of an execution."""

    id: UUID
    public_id: str
    action: str
    queue: str
    status: Status
    attempt: int
    effects: str
    parent: UUID | None = None
    """The workflow that it is a step of."""
    is_workflow: bool = False
    consumed: bool = False
    """Whether its workflow has gone on past its failure."""
    step: str | None = None
    dispensable: bool = False
    """Whether its workflow does without it: it is optional or detached."""
    tags: Sequence[str] = ()

    @property
    def about(self) -> narrowing.Subject:
        """As the rule of the installation is told of it."""
        return narrowing.Subject("execution", self.action, self.queue, tuple(self.tags), self.public_id)


def find(execution_id: str) -> Subject:
    """The subject behind a public id. Raises ExecutionNotFound."""
    row_id = ids.parse_id(execution_id)
    rows = fetch("subject", {"id": row_id}) if row_id else []
    if not rows:
        raise _unknown(execution_id)
    id_, action, queue, status, attempt, *rest = rows[0]
    return Subject(id_, ids.public_id(id_), action, queue, Status(status), attempt, *rest)


def permitted(execution_id: str, actor: Actor, verb: str, reason: str) -> tuple[Subject, str]:
    """The subject behind a public id, for an actor who may do the verb to it, and the reason, checked.

    Raises Forbidden, ReasonRequired, and ExecutionNotFound also to an API key that may not read what it is an execution of.
    """
    if actor.kind != "api_key":
        access.require(actor, verb, subject=execution_id)
        reason = access.checked_reason(actor, reason)
        return _seen_by_person(execution_id, actor, verb), reason
    return _seen_by_key(execution_id, actor, verb), access.checked_reason(actor, reason)


def seen(execution_id: str, actor: Actor, verb: str) -> Subject:
    """The same for what only looks, and so needs no reason."""
    if actor.kind == "api_key":
        return _seen_by_key(execution_id, actor, verb)
    access.require(actor, verb, subject=execution_id)
    return _seen_by_person(execution_id, actor, verb)


def _seen_by_person(execution_id: str, actor: Actor, verb: str) -> Subject:
    subject = find(execution_id)
    if access.unseen(actor, subject.action):
        access.refuse(actor, verb, execution_id)
        raise _unknown(execution_id)
    access.narrow(actor, verb, execution_id, subject.about)
    return subject


def _seen_by_key(execution_id: str, actor: Actor, verb: str) -> Subject:
    subject = find(execution_id)
    if not access.sees(actor, verb, subject=execution_id, about=subject.about):
        raise _unknown(execution_id)
    return subject


def moved_on(subject: Subject) -> Refused:
    """The refusal for an execution that keeps changing under the verb."""
    return Refused(
        f"{subject.public_id} was changing while this was asked (now {subject.status}); nothing was changed. Look again.",
        status=subject.status,
    )


def unchanged(subject: Subject, seen_attempt: int | None) -> None:
    """Raise Refused where the actor saw another attempt than the one that there is now; None: it does not matter."""
    if seen_attempt not in {None, subject.attempt}:
        raise Refused(
            f"{subject.public_id} has moved on since it was chosen: attempt {subject.attempt}, {subject.status}. "
            "Nothing was changed.",
            status=subject.status,
        )


def _unknown(execution_id: str) -> ExecutionNotFound:
    return ExecutionNotFound(f"There is no execution {execution_id[:64]!r}.")
