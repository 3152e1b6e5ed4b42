"""reconcile: executions compared with what the audit says of them, so that one edited behind the engine's back shows."""

import json
from typing import Any
from uuid import UUID

from actions import ids, values
from actions.engine import secrets
from actions.engine.findings import Report
from actions.engine.statements import fetch, stream
from actions.errors import InvalidInput
from actions.states import Status


def compare(report: Report) -> None:
    """Report executions whose status, attempt, params or result differ from their entries, and those that vanished."""
    for row in stream("reconcile", {}):
        report.executions += 1
        fault = _fault(*row[1:])
        if fault:
            public = ids.public_id(row[0])
            report.add("execution", f"Execution {public}: {fault}.", execution=public, entry=row[-1])
    for row_id, entry in fetch("vanished", {}):
        public = ids.public_id(UUID(str(row_id)))
        report.add(
            "execution_missing",
            f"Execution {public} was accepted by entry {entry}, is not here, and was not pruned.",
            execution=public,
            entry=entry,
        )


def _fault(
    action: str,
    status: str,
    attempt: int,
    fingerprint: str,
    params: str,
    result: str | None,
    secret: bool,
    accepted: int,
    told_params: str | None,
    available_at: str | None,
    told_status: str | None,
    told_attempt: int,
    told_result: str | None,
    _entry: int | None,
) -> str:
    """What is wrong with one row of reconcile.sql; empty when nothing is."""
    if accepted != 1:
        return f"the audit has {accepted} entries that it was accepted, not one"
    if told_params != fingerprint:
        return "its fingerprint is not the one that it was accepted with"
    if status != told_status:
        return f"it is {status}, and the audit's last word is {told_status}"
    if attempt != told_attempt:
        return f"it is at attempt {attempt}, and the audit knows of {told_attempt}"
    if not secret and fingerprint not in _fingerprints(params, available_at):
        return "its params are not those that it was accepted with"
    if _digest(result) != (told_result if status == Status.SUCCEEDED else None):
        return f"its result is not the one that the audit recorded ({action})"
    return ""


def _fingerprints(params: str, available_at: str | None) -> set[str]:
    """What accept may have made of these params: keyed where the action had secret fields then and has none now."""
    try:
        value: Any = json.loads(params)
        bare = values.fingerprint(value, available_at)
        return {bare, values.fingerprint(value, available_at, key=secrets.fingerprint_key())}
    except InvalidInput:
        return set()


def _digest(result: str | None) -> str | None:
    if result is None:
        return None
    try:
        return values.check_and_digest(json.loads(result)).fingerprint
    except InvalidInput:
        return ""
