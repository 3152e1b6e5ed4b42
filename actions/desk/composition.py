"""What pages of executions say of workflows: the steps of one, and where a step stands in the one it belongs to."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from actions.desk.payloads import sight
from actions.desk.permit import may, subject_of
from actions.desk.show import Payload
from actions.models import Action, Execution
from actions.queries import steps, workflows
from actions.queries.steps import UNDO, Row, Step, Tree
from actions.queries.workflows import Event, Told, Undo, Waits
from actions.states import FINISHED, Status
from actions.values import visible

_FITS_A_SCREEN = 20
"""Rows up to which what has failed is not listed apart from the tree."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An event with its payload, for those who may see that."""

    event: Event
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class Source:
    """A param that comes from the result of a step."""

    param: str
    step: Step | None
    path: str


@dataclass(slots=True, kw_only=True)
class Workflow:
    """The steps of a workflow and what it waits for."""

    tree: Tree
    told: Told
    waits: Waits | None
    undos: list[Undo]
    events: list[ShownEvent]
    troubled: list[Row]
    may_retry: bool
    may_emit: bool
    may_resolve: bool

    @property
    def long(self) -> bool:
        """Whether what has failed may stand far down in the tree."""
        return len(self.tree.rows) > _FITS_A_SCREEN

    @property
    def nested(self) -> int:
        """Steps of its sub-workflows."""
        return self.tree.total - sum(self.tree.direct.values())

    @property
    def more(self) -> int:
        """Steps that the tree does not show."""
        return self.tree.total - len(self.tree.rows)

    @property
    def undone(self) -> int:
        """How many steps are undone."""
        return sum(undo.done for undo in self.undos)


@dataclass(slots=True, kw_only=True)
class Place:
    """A step in its workflow."""

    workflow: Step | None
    """None where it is pruned."""
    prerequisites: list[Step] = field(default_factory=list)
    more_prerequisites: int = 0
    sources: list[Source] = field(default_factory=list)
    more_sources: int = 0
    undoes: str = ""
    """The key of the step that it undoes."""


def about(
    request: HttpRequest, execution: Execution, action: Action | None, *, told: Told | None = None
) -> dict[str, Any]:
    """The page's words about workflows: `workflow`, `place`, `refusal` (why retry is not offered).

    `told`: what the workflow was told, where the caller has looked already.
    """
    kind = action.kind if action else None
    if kind == "action" and execution.parent_id is None:
        return {}
    tree = workflows.tree_of(execution, kind)
    known: dict[str, Any] = {}
    if execution.pk not in tree.around:
        return known
    if kind == "workflow" or tree.total:
        known["workflow"] = _workflow(request, execution, tree, told or workflows.told(execution))
    if execution.parent_id is not None:
        known["place"] = _place(execution, tree)
    if execution.status == Status.FAILED:
        known["refusal"] = steps.refusal(tree, execution.pk)
    return known


def _workflow(request: HttpRequest, execution: Execution, tree: Tree, told: Told) -> Workflow:
    seen = sight(request, execution)
    about = subject_of(execution)
    shown = [
        ShownEvent(
            event, Payload(event.payload, whole=seen.revealed) if seen.shown and event.text is not None else None
        )
        for event in told.events
    ]
    return Workflow(
        tree=tree,
        told=told,
        waits=workflows.waits(execution, tree, told.deadline),
        undos=workflows.undone(execution, tree),
        events=shown,
        troubled=tree.troubled,
        may_retry=may(request, "retry", about),
        may_emit=may(request, "emit", about) and execution.status not in FINISHED,
        may_resolve=may(request, "resolve", about),
    )


def _place(execution: Execution, tree: Tree) -> Place:
    wanted = workflows.sources(execution)
    prerequisites = execution.prerequisites or []
    shown = [tree.around[id_] for id_ in prerequisites[: workflows.MOST_BESIDE] if id_ in tree.around]
    key = execution.step or ""
    return Place(
        workflow=tree.around.get(execution.parent_id) if execution.parent_id else None,
        prerequisites=shown,
        more_prerequisites=max(0, len(prerequisites) - workflows.MOST_BESIDE),
        sources=[Source(_joined(one["at"]), tree.around.get(one["from"]), _joined(one["path"])) for one in wanted],
        more_sources=max(0, len(execution.inputs or ()) - len(wanted)),
        undoes=key.removeprefix(UNDO) if key.startswith(UNDO) else "",
    )


def _joined(path: list[str | int]) -> str:
    """order.items[0]"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return visible(text.removeprefix("."))
