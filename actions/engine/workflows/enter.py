"""enter: a workflow function runs from the top until it returns, fails, or has to wait."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from actions.definitions.context import Context
from actions.engine import policy
from actions.engine.guard import Guard
from actions.engine.ledger import Claim, Ending
from actions.engine.workflows import undo
from actions.engine.workflows.entry import Entry
from actions.engine.workflows.recall import recall
from actions.errors import (
    DoplatformError,
    StepFailed,
    Suspended,
    WorkflowChanged,
    WorkflowTimeout,
    WorkflowWrites,
    describe,
)
from actions.states import Outcome, Status

if TYPE_CHECKING:
    from actions.definitions.workflow import Workflow

_READ_ONLY_TRANSACTION = "25006"


class Performs(Protocol):
    """What an entry needs of the worker's performer."""

    given: dict[str, str | None]
    """Results that steps take as params, by id of the step that gave them."""

    def perform(self, action: Any, claim: Claim, guard: Guard | None) -> Ending:
        """Enter a step's handler once."""

    def context(self, action: Any, claim: Claim, run: Entry) -> Context:
        """The context of one attempt."""

    def call(self, action: Any, context: Context, claim: Claim, hidden: list[str]) -> Any:
        """Call the function with its params."""

    def hidden(self, claim: Claim) -> list[str]:
        """What is not to stand in the texts of its error."""

    def lines(self, context: Context, claim: Claim, hidden: list[str]) -> list[dict[str, Any]] | None:
        """The log of the entry, as it is kept."""

    def learn(self, action: str, duration: float) -> None:
        """Take in how long an entry took."""

    def judge(self, error: BaseException) -> None:
        """Raise what must not be taken for a failure of the function."""

    def undone(self, error: BaseException) -> BaseException:
        """What to raise so that the whole transaction goes, and `error` is recorded for it."""


def enter(performer: Performs, workflow: "Workflow[Any, Any]", claim: Claim, guard: Guard) -> Ending:
    """Enter the function once. The ending carries the entry, for record to store what it leaves behind.

    Raises what means that the transaction cannot go on, as perform does.
    """
    started = time.monotonic()
    entry = Entry(performer=performer, workflow=workflow, claim=claim, guard=guard, recalled=recall(claim))
    context = performer.context(workflow, claim, entry)
    hidden: list[str] = []
    try:
        ending = _phase(entry, workflow, claim, guard, lambda: performer.call(workflow, context, claim, hidden), hidden)
    except Suspended:
        ending = policy.suspended(claim)
    ending.entry = entry
    ending.duration = time.monotonic() - started
    ending.lines = performer.lines(context, claim, hidden)
    ending.progress = context.progressed
    performer.learn(workflow.name, ending.duration)
    return ending


def _phase(
    entry: Entry,
    workflow: "Workflow[Any, Any]",
    claim: Claim,
    guard: Guard,
    call: Callable[[], Any],
    hidden: list[str],
) -> Ending:
    """The function itself, or what follows its failure."""
    if workflow.limit is not None and "failure" not in entry.memory:
        if "deadline" not in entry.memory:
            entry.learn("deadline", entry.clock().timestamp() + workflow.limit)
        elif entry.clock().timestamp() >= entry.memory["deadline"]:
            late = WorkflowTimeout(
                f"The workflow took longer than its timeout of {workflow.limit:g} s; its open steps were cancelled."
            )
            entry.cancels = True
            entry.learn("failure", describe(late))
    if "failure" in entry.memory:
        return _undone(entry, workflow, claim)
    try:
        with guard.reading():
            result = entry.resolved(call())
            text, digest = workflow.result.dump(result)
            _refuse_swallowed(entry)
        entry.await_steps(entry.open_steps())
        _refuse_unseen_failure(entry)
    except Suspended:
        if entry.fault is None:
            raise
        return _failed(entry, workflow, claim, entry.fault, hidden)
    except BaseException as error:
        # What is no failure is raised again by judge.
        if entry.suspended and entry.fault is None and isinstance(error, Exception):
            # It swallowed the suspension, and failed by what it made of that.
            entry.performer.judge(error)
            raise Suspended from error
        return _failed(entry, workflow, claim, entry.fault or error, hidden)
    entry.passed |= entry.met
    ending = Ending(
        id=claim.id,
        attempt=claim.attempt,
        status=Status.SUCCEEDED,
        outcome=Outcome.SUCCEEDED,
        result=text,
        parent=claim.parent,
    )
    if digest:
        ending.details = {"result": digest}
    return ending


def _failed(
    entry: Entry, workflow: "Workflow[Any, Any]", claim: Claim, error: BaseException, hidden: list[str]
) -> Ending:
    entry.performer.judge(error)
    if isinstance(error, WorkflowChanged):
        if any(new.ending for new in entry.new):
            # Under the changed code nothing is run: what ran in line goes with the transaction.
            raise entry.performer.undone(error)
        for kept in (entry.learned, entry.taken, entry.passed):
            kept.clear()
    if getattr(error.__cause__, "sqlstate", None) == _READ_ONLY_TRANSACTION:
        wrote = WorkflowWrites()
        wrote.__cause__ = error
        error = wrote
    entry.drop_starts()
    ending = policy.after_error(workflow, claim, error, hidden=hidden + entry.performer.hidden(claim))
    if isinstance(error, StepFailed) and ending.error is not None:
        ending.error |= {"step": error.step, "execution": error.execution_id}
    if ending.status != Status.FAILED or isinstance(error, WorkflowChanged):
        return ending
    waiting = entry.open_steps()
    if waiting:
        # Others of its steps are still at work; it is entered again when they have ended, and fails again.
        entry.suspended = False
        try:
            entry.await_steps(waiting)
        except Suspended:
            return policy.suspended(claim)
    if workflow.compensates:
        entry.learn("failure", ending.error)
        return _undone(entry, workflow, claim)
    return ending


def _undone(entry: Entry, workflow: "Workflow[Any, Any]", claim: Claim) -> Ending:
    """What follows the failure; a compensation that cannot even begin (it is switched off) is told with it."""
    try:
        return undo.go_on(entry, workflow, claim)
    except DoplatformError as error:
        entry.performer.judge(error)
        entry.drop_starts()
        return policy.failed(claim, {**entry.memory["failure"], "undo": describe(error)["message"]})


def _refuse_swallowed(entry: Entry) -> None:
    """A function that kept what the platform raised has not returned."""
    if entry.fault is not None:
        raise entry.fault
    if entry.suspended:
        raise Suspended


def _refuse_unseen_failure(entry: Entry) -> None:
    """A step that nobody asked for its result fails its workflow too, unless it is optional or detached."""
    for step in entry.steps.values():
        seen = step.key in entry.met or step.consumed
        if step.status in {Status.FAILED, Status.CANCELLED} and not (step.optional or step.detached or seen):
            raise step.failure()
