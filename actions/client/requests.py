"""Requests, built: what each verb sends. Pure functions; nothing is sent here."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from actions.client import errors
from actions.client.wire import Core, Request

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What may stand in a path. Wider than names and ids are, and without anything that a path gives a meaning to."""


def get(path: str, query: Sequence[tuple[str, str]] = ()) -> Request:
    """Ask, and change nothing."""
    return Request("GET", path, tuple(query))


def post(
    core: Core, path: str, document: Mapping[str, Any], key: str | None = None, *, nulls: Collection[str] = ()
) -> Request:
    """Ask for a change, under `key` or one of the client's own. Raises InvalidInput for what is no JSON."""
    return Request(
        "POST", path, body=body(document, nulls=nulls), key=checked_key(key) if key is not None else core.key()
    )


def action_path(name: str, *more: str) -> str:
    """The path of an action. Raises ActionNotFound for what can be no name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise errors.ActionNotFound(f"There is no action {_short(name)}.", code="action_not_found")
    return "/".join(("actions", name, *more))


def execution_path(execution_id: str, *more: str) -> str:
    """The path of an execution. Raises ExecutionNotFound for what can be no id."""
    if not isinstance(execution_id, str) or not _NAME.fullmatch(execution_id):
        raise errors.ExecutionNotFound(f"There is no execution {_short(execution_id)}.", code="execution_not_found")
    return "/".join(("executions", execution_id, *more))


def body(document: Mapping[str, Any], *, nulls: Collection[str] = ()) -> bytes:
    """A document as it is sent; what is None is left out at the top, unless it is among `nulls`. Raises InvalidInput for what
    is no JSON."""
    said = {name: value for name, value in document.items() if value is not None or name in nulls}
    try:
        return json.dumps(said, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # Also half surrogates, which UTF-8 cannot write.
        raise errors.InvalidInput(f"This cannot be sent as JSON: {error}. Nothing was sent.", code="not_json") from None


def moment(at: datetime | str | None, name: str = "available_at") -> str | None:
    """A time with its zone, as text. Raises InvalidInput for one without."""
    if isinstance(at, datetime):
        if at.utcoffset() is None:
            raise errors.InvalidInput(f"{at} has no time zone. Nothing was sent.", code=f"invalid_{name}")
        return at.isoformat()
    return at


def checked_key(key: str) -> str:
    """An idempotency key that can stand in a header; whether it is one, the platform says."""
    if not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key:
        raise errors.BadRequest(
            f"{_short(key)} is no idempotency key: it has 1 to 255 characters of A-Z a-z 0-9 . _ : / @ + = -. Nothing was "
            "sent.",
            code="idempotency_key_invalid",
        )
    return key


def filters(**named: str | Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    """Filters as a query; several values of one name are alternatives."""
    query: list[tuple[str, str]] = []
    for name, value in named.items():
        if value:
            query += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
    return tuple(query)


def _short(value: Any) -> str:
    return repr(value)[:80]
