"""Paths of faults, such as `items[3].name`: sought when there is one, so that good input does not pay."""

import json
import re
from collections.abc import Iterable
from typing import Any

Step = str | int
"""One step of a path: a key or an index."""


def steps_to(root: Any, *targets: Any) -> list[Step]:
    """The steps to a container, and on to an item in it, both found by identity."""
    steps: list[Step] = []
    for target in targets:
        steps += _steps_between(root, target)
        root = target
    return steps


def _steps_between(root: Any, target: Any) -> list[Step]:
    # In the order of the walk that met the fault, so that no more is looked at than it has counted.
    if root is target:
        return []
    seen = {id(root)}
    ahead: list[tuple[Any, list[Step]]] = [(root, [])]
    for node, steps in ahead:
        for step, member in _members(node):
            if member is target:
                return [*steps, step]
            if type(member) in {dict, list} and id(member) not in seen:
                seen.add(id(member))
                ahead.append((member, [*steps, step]))
    return []


def _members(node: Any) -> Iterable[tuple[Step, Any]]:
    if type(node) is dict:
        return node.items()
    return enumerate(node) if type(node) is list else ()


_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_LONGEST_STEP = 64


def join(steps: list[Step]) -> str:
    """`items[3].name`; a key that is no simple word stands in brackets, as ASCII JSON, cut where long."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _SIMPLE.match(step) and len(step) <= _LONGEST_STEP:
            path += f".{step}" if path else step
        else:
            cut = step if len(step) <= _LONGEST_STEP else f"{step[:_LONGEST_STEP]}…"
            path += f"[{json.dumps(cut)}]"
    return path
