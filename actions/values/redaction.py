"""Dots in place of secrets, wherever a value is shown."""

import re
from collections.abc import Mapping
from typing import Any

DOTS = "••••"
SENSITIVE = re.compile(r"password|token|secret|api[_-]?key|authorization|cookie", re.IGNORECASE)
_DEEPEST_SHOWN = 32


def redact(value: Any, names: re.Pattern[str] = SENSITIVE) -> Any:
    """A copy for logs, tracebacks and the audit: dots for the value of every key in which `names` is found.

    Takes any value; what lies more than 32 deep is dotted as well.
    """
    return _redact(value, names, _DEEPEST_SHOWN)


def _redact(value: Any, names: re.Pattern[str], depth: int) -> Any:
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth == 0:
        return DOTS
    if isinstance(value, Mapping):
        return {
            key: DOTS if isinstance(key, str) and names.search(key) else _redact(member, names, depth - 1)
            for key, member in value.items()
        }
    copies = [_redact(member, names, depth - 1) for member in value]
    return copies if isinstance(value, list) else tuple(copies)
