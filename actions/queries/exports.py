"""What lists show, as CSV or NDJSON: streamed in constant memory, without secrets, and with no cell that a spreadsheet runs.

Rows are read in pages by their keys, not through a cursor that is held open: a slow reader holds no snapshot, and between
two pages no connection.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import close_old_connections

from actions.errors import InvalidInput
from actions.models import Execution
from actions.queries import bulk, search, trail
from actions.queries.search import EVERYTHING, Allowed, Query, Row
from actions.queries.search.plan import reader
from actions.queries.trail import Question
from actions.redaction import hide

Chunks = Iterator[bytes]
FORMS = ("csv", "ndjson")
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_AT_ONCE = 1_000
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What begins a formula, or hides one from a look at the first character."""
_EXECUTION = (
    "id", "action", "queue", "priority", "status", "attempt", "tries", "losses", "error.code", "error.message", "actor.kind",
    "actor.id", "actor.label", "tags", "created_at", "available_at", "started_at", "finished_at", "workflow", "step",
)  # fmt: skip
_PAYLOAD = ("params", "result")
_FEW = 50
"""Executions whose params and results are in memory at once."""
_ITEM = {
    "position": "position", "execution": "public_id", "action": "action", "status_now": "status", "attempt_seen": "attempt",
    "outcome": "outcome", "code": "code", "message": "message", "made": "made", "at": "at",
}  # fmt: skip
_ENTRY = (
    "id", "at", "verb", "actor.kind", "actor.id", "actor.label", "execution", "action", "attempt", "reason", "data",
    "xid",
)  # fmt: skip


def executions(
    query: Query, form: str, *, allowed: Allowed | None = EVERYTHING, payload: bool = False
) -> Iterator[bytes]:
    """What the list of a query shows, all of it; with params and results, dotted where they are secret, for `payload`.

    Raises InvalidInput for a form that is none.
    """
    # Read while the answer is sent, when nobody is reading any more: so what the reader sees is asked now.
    rows = search.every(query, allowed=reader() if allowed is EVERYTHING else allowed)
    if payload:
        return _export(form, (*_EXECUTION, *_PAYLOAD), _with_payload(rows), _FEW)
    return _export(form, _EXECUTION, (row.as_dict() for row in rows), _AT_ONCE)


def bulk_items(operation: UUID, form: str, *, outcome: str = "") -> Iterator[bytes]:
    """What became of each item of a bulk operation. Raises InvalidInput for a form that is none."""
    rows = ({name: _plain(getattr(item, attribute)) for name, attribute in _ITEM.items()}
            for item in bulk.every_item(operation, outcome=outcome))  # fmt: skip
    return _export(form, tuple(_ITEM), rows, _AT_ONCE)


def audit(question: Question, form: str, *, allowed: Allowed | None = EVERYTHING) -> Iterator[bytes]:
    """The entries that answer a question. Raises InvalidInput for a form that is none."""
    entries = trail.every(question, allowed=reader() if allowed is EVERYTHING else allowed)
    return _export(form, _ENTRY, (entry.as_dict() for entry in entries), _AT_ONCE)


def cell(value: Any) -> str:
    """A value as a cell of CSV: what a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\x00", "␀")
    return f"'{text}" if text.startswith(_RUNS) or text.lstrip().startswith(_RUNS) else text


def _with_payload(rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    while few := list(islice(rows, _FEW)):
        found = Execution.objects.filter(pk__in=[row.id for row in few]).values_list("id", *_PAYLOAD)
        payloads = {id_: payload for id_, *payload in found}
        for row in few:
            params, result = payloads.get(row.id, (None, None))
            yield {**row.as_dict(), "params": hide(params), "result": hide(result)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _export(form: str, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]], at_once: int) -> Iterator[bytes]:
    if form not in FORMS:
        raise InvalidInput(
            "invalid_query", f"{form[:40]!r} is no form of an export; there are {', '.join(FORMS)}.", path="format"
        )
    return _chunks(_csv(columns) if form == "csv" else _ndjson, iter(rows), at_once)


def _chunks(
    write: Callable[[list[Mapping[str, Any]]], str], rows: Iterator[Mapping[str, Any]], at_once: int
) -> Iterator[bytes]:
    # The first chunk comes even without rows: it has the names of the columns.
    chunk = list(islice(rows, at_once))
    while True:
        # What a web process has borrowed goes back to its pool for as long as the client reads.
        close_old_connections()
        yield write(chunk).encode("utf-8", "backslashreplace")
        chunk = list(islice(rows, at_once))
        if not chunk:
            return


def _csv(columns: tuple[str, ...]) -> Callable[[list[Mapping[str, Any]]], str]:
    names = [columns]

    def write(rows: list[Mapping[str, Any]]) -> str:
        page = io.StringIO()
        writer = csv.writer(page)
        while names:
            writer.writerow(names.pop())
        writer.writerows([cell(_at(row, column)) for column in columns] for row in rows)
        return page.getvalue()

    return write


# What the rows have is without secrets: params, results and entries of the audit are dotted as they are read.
def _ndjson(rows: list[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _at(row: Mapping[str, Any], column: str) -> Any:
    name, _, inner = column.partition(".")
    value = row[name]
    return value.get(inner) if inner and isinstance(value, Mapping) else None if inner else value
