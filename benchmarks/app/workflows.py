"""Workflows of the benchmark. Their steps do nothing, so that what is measured is what a step costs."""

from actions import Future, action, gather, wait_for, workflow


@action("bench-step", effects="database")
def step(number: int, text: str) -> int:
    """Does nothing."""
    return number


@workflow("bench-sequence")
def sequence(number: int, text: str) -> int:
    """Five steps, each with the result of the one before."""
    for _ in range(5):
        number = step(number=number, text=text)
    return number


@workflow("bench-fan")
def fan(width: int) -> int:
    """One, then many beside each other, then one."""
    first = step.start(number=0, text="hello", step="first")
    many = [step.start(number=place, text="hello", after=[first], step=f"many-{place}") for place in range(width)]
    return step.start(number=width, text="hello", after=many, step="last").result()


@workflow("bench-graph")
def graph(nodes: int, width: int) -> int:
    """Layers of `width` nodes, each behind three of the layer before: one by reference, two by after=."""
    layer: list[Future[int]] = []
    for first in range(0, nodes, width):
        layer = [_node(first + place, place, layer) for place in range(width)]
    gather(layer)
    return nodes


def _node(number: int, place: int, before: list[Future[int]]) -> Future[int]:
    if not before:
        return step.start(number=number, text="hello", step=f"node-{number}")
    width = len(before)
    return step.start(
        number=before[place],
        text="hello",
        after=[before[(place + 1) % width], before[(place + 7) % width]],
        step=f"node-{number}",
    )


@workflow("bench-wait")
def wait(number: int) -> int:
    """Waits for an event."""
    wait_for("go")
    return number
