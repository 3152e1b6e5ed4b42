"""How the shells show verbs of the core as their methods."""

import inspect
from collections.abc import Callable
from typing import Any


def dress(method: Callable[..., Any], verb: Callable[..., Any], given: int) -> None:
    """Let `method` show the name, the docstring and the params of `verb`, but for the first `given`, which it gives itself."""
    asked = list(inspect.signature(verb).parameters.values())[given:]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__name__ = verb.__name__
    method.__qualname__ = verb.__qualname__
    method.__doc__ = verb.__doc__
    method.__signature__ = inspect.Signature([own, *asked])  # type: ignore[attr-defined]
