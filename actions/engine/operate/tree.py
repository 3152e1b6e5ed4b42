"""Verbs on executions that belong to a workflow, or are one: what happens to the others of its tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from actions import ids
from actions.definitions.actor import Actor
from actions.engine import ledger
from actions.engine.advance import advance, lock
from actions.engine.aftermath import wake_later
from actions.engine.operate.subject import Subject, find
from actions.engine.statements import fetch
from actions.engine.workflows.recall import UNDO
from actions.errors import FailureConsumed, NotRetryable
from actions.states import Outcome, Status

_ROUNDS = 20
"""How often a tree that grows while its locks are taken is looked at again."""


def cancel_below(workflows: Sequence[UUID], *, actor: Actor, reason: str) -> None:
    """Cancel every step below these workflows, which the caller has locked, that has not ended; detached ones go on."""
    locked: set[UUID] = set()
    for _ in range(_ROUNDS):
        below = [row[0] for row in fetch("descendants", {"ids": list(workflows)})]
        if locked.issuperset(below):
            break
        lock(below)
        locked |= set(below)
    if locked:
        cancelled = ledger.cancel_steps(sorted(locked), actor=actor, reason=reason)
        # Detached steps behind cancelled ones are still there.
        advance(cancelled, without_success=cancelled, workflows=())


@dataclass(slots=True)
class _Plan:
    """What a retry moves: failed executions that are due again, and failed workflows that wait for them; `entries` are
    workflows whose function is at work, and may have seen the failure."""

    due: list[Subject] = field(default_factory=list)
    waits: dict[UUID, list[UUID]] = field(default_factory=dict)
    entries: list[Subject] = field(default_factory=list)


def retry_in_tree(subject: Subject, *, actor: Actor, reason: str) -> None:
    """Retry a failed step, or a failed workflow with all the steps that made it fail; its workflows wait for it again.

    The caller has seen that it is failed. Raises FailureConsumed, NotRetryable.
    """
    lineage = [row[0] for row in fetch("lineage", {"id": subject.id})]
    lock(lineage)
    subject = find(subject.public_id)
    if subject.status != Status.FAILED:
        raise NotRetryable(f"{subject.public_id} is {subject.status} now. Nothing was changed.", status=subject.status)
    plan = _Plan()
    _descend(subject, plan)
    _ascend(subject, plan)
    _carry_out(plan, actor, reason)


def _descend(subject: Subject, plan: _Plan) -> None:
    """A workflow is retried by the steps that made it fail; one that failed by itself is entered again."""
    steps = [row[0] for row in fetch("failed_steps", {"id": subject.id})] if subject.is_workflow else []
    if not steps:
        if subject.is_workflow and fetch("remembers_failure", {"id": subject.id}):
            raise _consumed(subject, "its compensation has begun")
        cancelled = fetch("cancelled_steps", {"id": subject.id}) if subject.is_workflow else []
        if cancelled:
            raise NotRetryable(
                f"{subject.public_id} cannot be retried: its step {cancelled[0][0]} was cancelled, and stays so. Nothing was "
                "changed; replay it instead.",
                status=subject.status,
            )
        plan.due.append(subject)
        return
    lock(steps)
    plan.waits[subject.id] = steps
    for step in steps:
        _descend(find(ids.public_id(step)), plan)


def _ascend(subject: Subject, plan: _Plan) -> None:
    """The workflows above that failed by it wait for it; one that has gone on past the failure refuses.

    An undo is for its own workflow alone: whatever has gone on above, what is owed can be given back.
    """
    undoes = (subject.step or "").startswith(UNDO)
    while subject.parent is not None:
        above = find(ids.public_id(subject.parent))
        if subject.consumed and undoes:
            return
        if subject.consumed:
            raise _consumed(subject, f"{above.action} ({above.public_id}) has gone on past it")
        if above.status == Status.CANCELLED:
            raise NotRetryable(
                f"{subject.public_id} belongs to {above.public_id}, which was cancelled. Nothing was changed; replay that.",
                status=subject.status,
            )
        if above.status == Status.RUNNING:
            plan.entries.append(above)
        if above.status != Status.FAILED or subject.dispensable:
            return
        plan.waits[above.id] = [subject.id]
        subject = above


def _carry_out(plan: _Plan, actor: Actor, reason: str) -> None:
    queues = []
    for above in plan.entries:
        # The fence undoes the entry, which has no effects outside, and it is made again with this step open.
        queue = ledger.move(
            id=above.id,
            before=Status.RUNNING,
            attempt=above.attempt,
            after=Status.QUEUED,
            verb="execution.given_back",
            actor=actor,
            reason=reason,
            outcome=Outcome.GIVEN_BACK,
        )
        if queue is not None:
            queues.append(queue)
    for subject in plan.due:
        queue = ledger.move(
            id=subject.id,
            before=Status.FAILED,
            attempt=subject.attempt,
            after=Status.QUEUED,
            verb="execution.retried",
            actor=actor,
            reason=reason,
            fresh=True,
        )
        if queue is not None:
            queues.append(queue)
    again = [subject.id for subject in plan.due]
    if plan.waits:
        ledger.reopen(list(plan.waits.items()), actor=actor, reason=reason)
    revived = ledger.revive([*again, *plan.waits], actor=actor, reason=reason)
    if revived:
        # One with another failed prerequisite, which was not retried, stays skipped.
        others = [row[0] for row in fetch("failed_prerequisites", {"ids": revived})]
        if others:
            ledger.skip(others)
    ledger.forget_deadlines(again)
    wake_later(queues)


def _consumed(subject: Subject, why: str) -> FailureConsumed:
    return FailureConsumed(
        f"{subject.public_id} cannot be retried: {why}. Nothing was changed; replay the workflow instead.",
        status=subject.status,
    )
