"""The steps of a workflow as a graph: nodes, lines, and why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from actions.dashboard.execution.layout import Edge, Point, Sizes, layers_of, layout, spans
from actions.queries.history import MOST_STEPS
from actions.queries.steps import UNDO, Step
from actions.states import DUE, Status

MOST_SPANS = 1_500
"""Layers that all edges may pass in all; above that nobody could follow the lines."""
SIZES = Sizes()
_TIP = 6.0
_FOLLOWED = (
    {Status.RUNNING},
    DUE,
    {Status.WAITING},
    {Status.IN_DOUBT, Status.FAILED},
    {Status.SUCCEEDED, Status.CANCELLED},
)
_ID_IS_YOUNGER = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Node:
    """A step, and the upper left corner of its box."""

    step: Step
    x: float
    y: float

    @property
    def marks(self) -> list[str]:
        """What is special about it, in words."""
        step = self.step
        said = {
            "workflow": step.is_workflow,
            "optional": step.optional,
            "detached": step.detached,
            "undo": step.is_undo,
        }
        return [word for word, true in said.items() if true]


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two boxes, and its tip, as paths of SVG."""

    kind: str
    """needs: the code says after; then: the function asked for it when the other had ended; undoes."""
    path: str
    tip: str
    open: bool
    """Whether what it begins at has not ended well yet."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What is drawn. Without nodes `why` says why nothing is."""

    nodes: Sequence[Node] = ()
    lines: Sequence[Line] = ()
    width: float = 0
    height: float = 0
    why: str = ""
    box: Sizes = field(default=SIZES)

    @property
    def kinds(self) -> set[str]:
        """Which kinds of lines there are, for the legend."""
        return {line.kind for line in self.lines}

    @property
    def followed(self) -> UUID | None:
        """The step to look at: the newest that is at work, else that is due, waits, or has gone wrong, else that has ended."""
        for statuses in _FOLLOWED:
            found = [node.step for node in self.nodes if node.step.status in statuses]
            if found:
                return max(found, key=lambda step: (step.finished_at or step.started_at or step.created_at, step.id)).id
        return None


def graph(steps: Sequence[Step], prerequisites: Mapping[UUID, Sequence[UUID]], *, total: int) -> Graph:
    """The graph of a workflow's own `steps`, in the order in which they were asked for; `total` is how many there are."""
    if total > MOST_STEPS or len(steps) < total:
        return Graph(why=f"{total:,} steps are more than a graph can show ({MOST_STEPS}). The list below has them.")
    kinds = {**_needed(steps, prerequisites), **_undone(steps)}
    kinds.update((edge, "then") for edge in _followed(steps, kinds))
    nodes = [step.id for step in steps]
    if spans(layers_of(nodes, kinds), kinds) > MOST_SPANS:
        return Graph(
            why="Its steps hang together in so many ways that a graph would hide them. The list below says how."
        )
    found = layout(nodes, kinds, SIZES)
    known = {step.id: step for step in steps}
    lines = [
        Line(kinds[edge], _path(points), _tip(points[-1]), open=known[_id(edge[0])].status != "succeeded")
        for edge, points in found.routes.items()
    ]
    return Graph([Node(step, *found.places[step.id]) for step in steps], lines, found.width, found.height)


def _id(node: object) -> UUID:
    assert isinstance(node, UUID)
    return node


def _needed(steps: Sequence[Step], prerequisites: Mapping[UUID, Sequence[UUID]]) -> dict[Edge, str]:
    known = {step.id for step in steps}
    return {(other, step.id): "needs" for step in steps for other in prerequisites.get(step.id, ()) if other in known}


def _undone(steps: Sequence[Step]) -> dict[Edge, str]:
    by_key = {step.key: step.id for step in steps}
    return {
        (by_key[key], step.id): "undoes"
        for step in steps
        if step.is_undo and (key := (step.key or "").removeprefix(UNDO)) in by_key
    }


def _followed(steps: Sequence[Step], kinds: Mapping[Edge, str]) -> list[Edge]:
    """Edges that the code does not name: a function that calls its steps one after the other asks for each when the one
    before has ended. Each such step follows the last of those that had."""
    behind: dict[UUID, set[UUID]] = {}
    for tail, head in kinds:
        behind.setdefault(_id(tail), set()).add(_id(head))
    named = {head for _, head in kinds}
    found: list[Edge] = []
    for number, step in enumerate(steps):
        if step.id in named:
            continue
        asked = _asked_at(step)
        ended = {
            other.id
            for other in steps[:number]
            if not other.is_undo and other.finished_at is not None and other.finished_at <= asked
        }
        last = [other for other in sorted(ended) if not behind.get(other, set()) & ended]
        for other in last:
            behind.setdefault(other, set()).add(step.id)
        found += [(other, step.id) for other in last]
    return found


def _asked_at(step: Step) -> datetime:
    """When the function asked for it. Its row is as old as the transaction that stored it, which may have begun before;
    its id was made at the call."""
    made = datetime.fromtimestamp((step.id.int >> 80) / 1000, UTC)
    return max(step.created_at, made + _ID_IS_YOUNGER)


def _path(points: Sequence[Point]) -> str:
    """Curves from layer to layer, straight along the layers that are passed."""
    (x, y), *rest = points
    said = [f"M{x:g} {y:g}"]
    for number, (to_x, to_y) in enumerate(rest):
        if number % 2:
            said.append(f"H{to_x:g}")
        else:
            middle = (x + to_x) / 2
            said.append(f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return "".join(said)


def _tip(end: Point) -> str:
    x, y = end
    return f"M{x - _TIP:g} {y - _TIP / 2:g}L{x:g} {y:g}L{x - _TIP:g} {y + _TIP / 2:g}"
