"""Lists as PostgreSQL's array texts, for statements that take many rows as columns.

psycopg writes an array element by element through its adapters: a microsecond and more each, which was a third of what a group
of executions cost. Columns are of one type here, so that one join writes them. Every such param is cast in its statement.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

_PLAIN = re.compile(r"[A-Za-z0-9_:.#/@+-]+")


def as_array(values: list[Any]) -> str:
    """`values`, of one type or None, as the text of a one-dimensional array. Raises TypeError for a type it does not know."""
    kind = type(next((value for value in values if value is not None), None))
    write = _WRITERS.get(kind)
    if write is None:
        raise TypeError(f"no array of {kind.__name__}")
    if len(values) > 1 and values[0] is values[-1] and values.count(values[0]) == len(values):
        # Most columns say the same in every row.
        one = "NULL" if values[0] is None else write(values[0])
        return "{" + ",".join([one] * len(values)) + "}"
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def _quoted(text: str) -> str:
    # Four letters may be a NULL in disguise.
    if len(text) != 4 and _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WRITERS: dict[type, Any] = {
    type(None): str,
    str: _quoted,
    UUID: str,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    datetime: lambda value: f'"{value.isoformat()}"',
}
