"""undo: compensation. When a workflow has failed, its finished steps are undone in reverse, one after the other.

Each undo is a step of its own, `undo:<step>`, with its tries and its audit. One that fails stops the rest; retrying it goes
on there. The workflow ends failed either way, and its error says what is undone and what is not.
"""

import inspect
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from actions import ids, redaction, values
from actions.definitions.context import Context
from actions.definitions.registry import registry
from actions.engine import inputs, policy, secrets
from actions.engine.ledger import Claim, Ending
from actions.engine.operate.subject import find
from actions.engine.statements import fetch
from actions.engine.workflows.entry import Entry
from actions.engine.workflows.recall import UNDO, Step
from actions.models import Execution
from actions.states import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.definitions.action import Action
    from actions.definitions.workflow import Workflow

_LAST = datetime.max.replace(tzinfo=UTC)


def go_on(entry: Entry, workflow: "Workflow[Any, Any]", claim: Claim) -> Ending:
    """What follows the remembered failure: wait for what still runs, undo what is done, then fail."""
    entry.passed |= {step.key for step in entry.steps.values() if step.status == Status.FAILED and not _is_undo(step)}
    if workflow.compensates:
        entry.await_steps([step for step in entry.open_steps() if not _is_undo(step)])
        if not any(_is_undo(step) for step in entry.steps.values()):
            _begin(entry)
        entry.await_steps([step for step in entry.open_steps() if _is_undo(step)])
    return policy.failed(claim, entry.memory["failure"] | _marks(entry))


def run_compensation(
    action: "Action[Any, Any]", function: "Callable[..., Any]", execution_id: str, context: Context
) -> Any:
    """Call the compensation of a step that succeeded, with those of its params, result and context that it asks for."""
    step = Execution.objects.select_related("executionsecret").get(pk=find(execution_id).id)
    params = dict(step.params)
    if hasattr(step, "executionsecret"):
        plain = secrets.decrypt(step.executionsecret.ciphertext)
        context.hidden += secrets.texts(plain)
        params |= plain
    params = inputs.whole(params, step.inputs)
    context.hidden += redaction.texts(params)
    known = {
        **action.params.load(values.dumps(params)),
        "result": action.result.load(None if step.result is None else values.dumps(step.result)),
        "context": context,
    }
    return function(**{name: known[name] for name in inspect.signature(function).parameters})


def _begin(entry: Entry) -> None:
    """The chain of undos, the latest step first."""
    done = [
        step for step in entry.steps.values()
        if step.status == Status.SUCCEEDED and _compensation(step) is not None
    ]  # fmt: skip
    before: Step | None = None
    # What ran in line in this entry is not stored yet: it was the last.
    ended = {row[0]: row[1] for row in fetch("ended_at", {"ids": [step.id for step in done]})}
    for step in sorted(done, key=lambda step: (ended.get(step.id, _LAST), step.id), reverse=True):
        params = {"execution_id": ids.public_id(step.id)}
        before = entry.begin(_compensation(step), UNDO + step.key, params, before)


def _marks(entry: Entry) -> dict[str, list[str]]:
    """What is undone and what is not, by the keys of the steps; empty where nothing had to be."""
    undos = sorted((step for step in entry.steps.values() if _is_undo(step)), key=lambda step: step.id)
    if not undos:
        return {}
    return {
        "undone": [step.key.removeprefix(UNDO) for step in undos if step.status == Status.SUCCEEDED],
        "not_undone": [step.key.removeprefix(UNDO) for step in undos if step.status != Status.SUCCEEDED],
    }


def _is_undo(step: Step) -> bool:
    return step.key.startswith(UNDO)


def _compensation(step: Step) -> Any:
    action = registry.get(step.action)
    return None if action is None else action.compensation_action
