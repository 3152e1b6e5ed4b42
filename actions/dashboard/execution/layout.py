"""Where the nodes of a graph stand: in layers from left to right, each as early as its edges allow. Pure, and always the same.

Longest paths make the layers; an edge across layers gets a place in each of them, so that it runs between nodes and not
over them; barycentres order the layers; then every layer is moved as near to its neighbours as its order allows, exactly
(least squares under the least distances, by pooling adjacent violators).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]
Edge = tuple[Hashable, Hashable]

_SWEEPS = 6
_PULLS = 8


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of nodes and the space between them, in pixels."""

    width: float = 216
    height: float = 44
    across: float = 52
    """Between layers."""
    between: float = 16
    """Between nodes of a layer."""
    lane: float = 8
    """The height of an edge that passes a layer."""
    margin: float = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, measured from the upper left."""

    width: float
    height: float
    places: Mapping[Hashable, Point]
    """The upper left corner of each node."""
    layers: Mapping[Hashable, int]
    routes: Mapping[Edge, Sequence[Point]]
    """Points of each edge from the right of one node to the left of another, passing layers on the way."""


@dataclass(slots=True)
class _Cell:
    """What takes a place in a layer: a node, or an edge that passes."""

    layer: int
    height: float
    before: list["_Cell"] = field(default_factory=list)
    after: list["_Cell"] = field(default_factory=list)
    order: int = 0
    y: float = 0.0


def layers_of(nodes: Sequence[Hashable], edges: Iterable[Edge]) -> dict[Hashable, int]:
    """The layer of each node: one more than the last of those it comes after. What makes a circle is left out of it."""
    after: dict[Hashable, list[Hashable]] = {node: [] for node in nodes}
    open_ = dict.fromkeys(nodes, 0)
    for tail, head in edges:
        after[tail].append(head)
        open_[head] += 1
    layers = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not open_[node]]
    done: set[Hashable] = set()
    while len(done) < len(layers):
        if not ready:
            ready = [next(node for node in nodes if node not in done)]
        node = ready.pop(0)
        if node in done:
            continue
        done.add(node)
        for head in after[node]:
            open_[head] -= 1
            if head in done:
                continue
            layers[head] = max(layers[head], layers[node] + 1)
            if open_[head] == 0:
                ready.append(head)
    return layers


def spans(layers: Mapping[Hashable, int], edges: Iterable[Edge]) -> int:
    """How many layers all edges pass in all: what the layout will cost."""
    return sum(max(0, layers[head] - layers[tail]) for tail, head in edges)


def layout(nodes: Sequence[Hashable], edges: Iterable[Edge], sizes: Sizes | None = None) -> Layout:
    """Place `nodes`, in this order where nothing else speaks, and lead `edges` (pairs of nodes) between them.

    Edges that would not lead to the right (circles, loops, edges to unknown nodes) are left out.
    """
    sizes = sizes or Sizes()
    known = set(nodes)
    wanted = [edge for edge in dict.fromkeys(edges) if edge[0] in known and edge[1] in known and edge[0] != edge[1]]
    layers = layers_of(nodes, wanted)
    drawn = [edge for edge in wanted if layers[edge[0]] < layers[edge[1]]]
    cells = {node: _Cell(layers[node], sizes.height) for node in nodes}
    passing = {edge: _lead(edge, cells, layers, sizes) for edge in drawn}
    columns = _columns([*cells.values(), *(cell for lane in passing.values() for cell in lane)])
    _order(columns)
    _place(columns, sizes)
    places = {node: (_x(cell.layer, sizes), cell.y + sizes.margin) for node, cell in cells.items()}
    routes = {edge: _route(edge, places, lane, sizes) for edge, lane in passing.items()}
    bottom = max((cell.y + cell.height for column in columns for cell in column), default=0.0)
    width = _x(len(columns) - 1, sizes) + sizes.width + sizes.margin if columns else 2 * sizes.margin
    return Layout(width, bottom + 2 * sizes.margin, places, layers, routes)


def _x(layer: int, sizes: Sizes) -> float:
    return sizes.margin + layer * (sizes.width + sizes.across)


def _lead(edge: Edge, cells: Mapping[Hashable, _Cell], layers: Mapping[Hashable, int], sizes: Sizes) -> list[_Cell]:
    """Cells for an edge in each layer between its ends, all linked."""
    tail, head = cells[edge[0]], cells[edge[1]]
    lane = [_Cell(layer, sizes.lane) for layer in range(layers[edge[0]] + 1, layers[edge[1]])]
    line = [tail, *lane, head]
    for left, right in pairwise(line):
        left.after.append(right)
        right.before.append(left)
    return lane


def _columns(cells: Iterable[_Cell]) -> list[list[_Cell]]:
    columns: list[list[_Cell]] = []
    for cell in cells:
        while len(columns) <= cell.layer:
            columns.append([])
        columns[cell.layer].append(cell)
    return columns


def _order(columns: list[list[_Cell]]) -> None:
    """Sweeps of barycentres, to and fro; the order with the fewest crossings is kept."""
    _number(columns)
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        rightwards = sweep % 2 == 0
        for column in columns if rightwards else reversed(columns):
            column.sort(key=lambda cell: _barycentre(cell, cell.before if rightwards else cell.after))
            for place, cell in enumerate(column):
                cell.order = place
        crossings = _crossings(columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best
    _number(columns)


def _number(columns: list[list[_Cell]]) -> None:
    for column in columns:
        for place, cell in enumerate(column):
            cell.order = place


def _barycentre(cell: _Cell, beside: Sequence[_Cell]) -> float:
    return sum(other.order for other in beside) / len(beside) if beside else float(cell.order)


def _crossings(columns: list[list[_Cell]]) -> int:
    """How many pairs of edges cross: inversions, counted by insertion into a sorted list of ends."""
    total = 0
    for column in columns:
        seen: list[int] = []
        for cell in column:
            ends = sorted(other.order for other in cell.after)
            total += sum(len(seen) - _bisect(seen, end) for end in ends)
            seen = sorted([*seen, *ends])
    return total


def _bisect(numbers: list[int], number: int) -> int:
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] <= number:
            low = middle + 1
        else:
            high = middle
    return low


def _place(columns: list[list[_Cell]], sizes: Sizes) -> None:
    for column in columns:
        y = 0.0
        for cell in column:
            cell.y = y
            y += cell.height + sizes.between
    for pull in range(_PULLS):
        rightwards = pull % 2 == 0
        for column in columns if rightwards else reversed(columns):
            wishes = [_wish(cell, cell.before if rightwards else cell.after) for cell in column]
            for cell, y in zip(column, _apart(column, wishes, sizes), strict=True):
                cell.y = y
    top = min((cell.y for column in columns for cell in column), default=0.0)
    for column in columns:
        for cell in column:
            cell.y = round(cell.y - top, 1)


def _wish(cell: _Cell, beside: Sequence[_Cell]) -> float:
    """Where it would stand if it were alone: its middle at the mean of its neighbours' middles."""
    beside = beside or (*cell.before, *cell.after)
    if not beside:
        return cell.y
    return sum(other.y + other.height / 2 for other in beside) / len(beside) - cell.height / 2


def _apart(column: Sequence[_Cell], wishes: Sequence[float], sizes: Sizes) -> list[float]:
    """The places nearest to the wishes that keep the order and the distances: isotonic regression."""
    offsets, offset = [], 0.0
    for cell in column:
        offsets.append(offset)
        # One tenth more, so that rounding takes nothing away.
        offset += cell.height + sizes.between + 0.1
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, weight = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, many = blocks.pop()
            mean, weight = (mean * weight + other * many) / (weight + many), weight + many
        blocks.append((mean, weight))
    means = [mean for mean, weight in blocks for _ in range(weight)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _route(edge: Edge, places: Mapping[Hashable, Point], lane: Sequence[_Cell], sizes: Sizes) -> list[Point]:
    """From the right of its tail, along both sides of each layer that it passes, to the left of its head."""
    (x, y), (end_x, end_y) = places[edge[0]], places[edge[1]]
    points = [(x + sizes.width, y + sizes.height / 2)]
    for cell in lane:
        middle = cell.y + sizes.margin + cell.height / 2
        left = _x(cell.layer, sizes)
        points += [(left, middle), (left + sizes.width, middle)]
    return [*points, (end_x, end_y + sizes.height / 2)]
