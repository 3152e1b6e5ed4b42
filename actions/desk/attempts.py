"""What attempts said, as pages show it: errors, log lines, progress. Text stays text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actions.desk import traces
from actions.desk.show import Payload
from actions.redaction import hide
from actions.values import visible


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    at: str
    """Hour to millisecond, UTC; empty for a remark of the platform's."""
    text: str
    fields: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt says it is."""

    said: str
    share: float | None
    """0 to 1; None where it has not said how much there is."""


def error_of(error: dict[str, Any] | None, *, full: bool) -> dict[str, Any]:
    """An error's texts; the traceback, in which values may stand, only for those who may see payloads: its `trace` too."""
    if not error:
        return {}
    shown: dict[str, Any] = {name: visible(str(text)) for name, text in error.items() if name != "traceback"}
    if full and error.get("traceback"):
        shown["traceback"] = Payload(str(error["traceback"]), whole=True).text
        shown["trace"] = traces.read(shown["traceback"])
    return shown


def lines_of(lines: Sequence[dict[str, Any]]) -> list[Line]:
    """The log, to read."""
    return [
        Line(str(line.get("at", ""))[11:23], visible(str(line.get("text", ""))), visible(_fields(line.get("fields"))))
        for line in lines
    ]


def progress_of(progress: dict[str, Any] | None) -> Progress | None:
    """How far it is; None where it has not said."""
    if not progress:
        return None
    done, total = progress.get("done", 0), progress.get("total")
    said = f"{done:g}" + (f" of {total:g}" if total is not None else "")
    note = visible(str(progress.get("note") or ""))
    share = min(1.0, max(0.0, done / total)) if total else None
    return Progress(f"{said}, {note}" if note else said, share)


def _fields(fields: Any) -> str:
    return "  ".join(f"{name}={value}" for name, value in hide(fields).items()) if isinstance(fields, dict) else ""
