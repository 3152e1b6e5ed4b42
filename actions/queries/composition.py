"""A workflow, or the place of a step in one, as values ready for JSON."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from actions.ids import public_id
from actions.models import Action, Execution
from actions.queries import steps, workflows
from actions.queries.listing import moment
from actions.queries.steps import Brief, Row, Tree
from actions.queries.workflows import Event
from actions.redaction import hide
from actions.states import Status


def composition(execution_id: UUID, shown: Callable[[Any], Any] = hide) -> dict[str, Any]:
    """`place` of a step, else None, and `workflow` with its steps, events and what it waits for, else None."""
    execution = Execution.objects.defer("params", "result", "error").get(pk=execution_id)
    kind = Action.objects.filter(pk=execution.action_id).values_list("kind", flat=True).first()
    tree = workflows.tree_of(execution, kind)
    refusal = steps.refusal(tree, execution.pk) if execution.status == Status.FAILED else ""
    return {
        "place": _place(execution, tree) if execution.parent_id is not None else None,
        "workflow": _workflow(execution, tree, shown) if kind == "workflow" or tree.total else None,
        "not_retryable_because": refusal or None,
    }


def _workflow(execution: Execution, tree: Tree, shown: Callable[[Any], Any]) -> dict[str, Any]:
    told = workflows.told(execution)
    waits = workflows.waits(execution, tree, told.deadline)
    undos = workflows.undone(execution, tree)
    return {
        "id": execution.public_id,
        "waits_for": waits
        and {
            "event": waits.event,
            "until": moment(waits.until),
            "steps": [_brief(brief) for brief in waits.steps],
            "more_steps": waits.more_steps,
        },
        "deadline": moment(told.deadline),
        "undone": [undo.key for undo in undos if undo.done],
        "not_undone": [undo.key for undo in undos if not undo.done],
        "counts": {status.value: number for status, number in tree.direct.items()},
        "steps": [_row(row) for row in tree.rows],
        "steps_total": tree.total,
        "steps_capped": tree.capped,
        "events": [_event(event, shown) for event in told.events],
    }


def _place(execution: Execution, tree: Tree) -> dict[str, Any]:
    above = tree.around.get(execution.parent_id) if execution.parent_id else None
    names = {step.id: step.key for step in tree.around.values()}
    return {
        "workflow": public_id(execution.parent_id) if execution.parent_id else None,
        "action": above and above.action,
        "step": execution.step,
        "optional": execution.optional,
        "detached": execution.detached,
        "consumed": execution.consumed,
        "prerequisites": [
            {"id": step.public_id, "step": step.key, "status": step.status}
            for id_ in execution.prerequisites or ()
            if (step := tree.around.get(id_)) is not None
        ],
        "filled_in": [
            {"at": one["at"], "from": names.get(one["from"]), "path": one["path"]}
            for one in workflows.sources(execution)
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    step = row.step
    waits_for = [f"{brief.key} ({brief.status})" for brief in row.missing]
    if row.more_missing:
        waits_for.append(f"{row.more_missing} more")
    if step.status == Status.WAITING:
        waits_for = [
            f"the event {step.awaited_event!r}" if step.awaited_event
            else f"{step.awaits} of its steps" if step.awaits
            else f"the time {moment(step.wake_at)}"
        ]  # fmt: skip
    return {
        "id": step.public_id,
        "depth": row.depth,
        "step": step.key,
        "status": step.status,
        "action": step.action,
        "attempt": step.attempt,
        "duration": step.duration,
        "optional": step.optional,
        "detached": step.detached,
        "consumed": step.consumed,
        "waits_for": waits_for,
        "error": step.cause or None,
    }


def _brief(brief: Brief) -> dict[str, str]:
    return {"id": brief.public_id, "step": brief.key, "status": brief.status}


def _event(event: Event, shown: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "name": event.name,
        "at": moment(event.at),
        "actor": {"kind": event.actor_kind, "label": event.actor_label},
        "taken_by": event.taken_by,
        "characters": event.size,
        "payload": shown(event.payload),
    }
