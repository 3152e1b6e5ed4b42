"""Futures in params: taken out when a step is started, filled in when it runs.

In stored params a reference stands as {"$step": key, "path": […]}, for people to read. What is filled in is decided by the
list of inputs beside them, so that no param can pretend to be one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actions.definitions.flow import Future, Reference
from actions.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Input:
    """The place `at` in the params gets what stands at `path` in the result of `future`."""

    at: tuple[str | int, ...]
    future: Future[Any]
    path: tuple[str | int, ...]


def lift(params: Mapping[str, Any]) -> tuple[dict[str, Any], list[Input]]:
    """`params` with a readable mark wherever a future stood, and what stood there."""
    inputs: list[Input] = []
    return {name: _lift(value, (name,), inputs) for name, value in params.items()}, inputs


def fill(params: Any, inputs: list[dict[str, Any]], results: Mapping[str, Any]) -> Any:
    """Stored params with every input's value in its place; `results` by id of the step.

    Raises InvalidInput where a result has no such place.
    """
    for wanted in inputs:
        value = pick(results.get(wanted["from"]), wanted["path"])
        *way, last = wanted["at"]
        holder = params
        try:
            for part in way:
                holder = holder[part]
            holder[last] = value
        except (KeyError, IndexError, TypeError):
            raise InvalidInput(
                "no_such_param", f"The params have no place {'.'.join(map(str, wanted['at']))}."
            ) from None
    return params


def pick(result: Any, path: list[str | int] | tuple[str | int, ...]) -> Any:
    """What stands at `path` in a result. Raises InvalidInput."""
    found = result
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            shown = "".join(f"[{each!r}]" for each in path)
            raise InvalidInput("no_such_result", f"The result of the step that this needs has no {shown}.") from None
    return found


def _lift(value: Any, at: tuple[str | int, ...], inputs: list[Input]) -> Any:
    if isinstance(value, Future):
        value = Reference(value, ())
    if isinstance(value, Reference):
        inputs.append(Input(at, value.future, value.path))
        return {"$step": value.future.step, "path": list(value.path)}
    if isinstance(value, Mapping):
        # In JSON every key is a text: the place is named as it stands there.
        return {name: _lift(part, (*at, str(name)), inputs) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_lift(part, (*at, place), inputs) for place, part in enumerate(value)]
    return value
