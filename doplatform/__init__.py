"""The doplatform project: settings, routes, and the processes that run the actions app.

`from doplatform import Do` is the way in from another program. It is imported when asked for (PEP 562), and needs no settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actions.client import AsyncDo, Do

__all__ = ["AsyncDo", "Do"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("actions.client"), name)
    globals()[name] = value
    return value
