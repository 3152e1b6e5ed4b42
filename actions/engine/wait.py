"""wait: how an execution stands, now or once it has ended."""

import json
import time
from typing import Any

from django.db import connection

from actions import ids
from actions.definitions.engine import Standing
from actions.engine.accept import accepted_in_open_transaction
from actions.engine.statements import fetch
from actions.errors import ExecutionNotFound, TransactionOpen
from actions.states import ENDED

_FIRST_PAUSE = 0.001
"""Seconds. What has not ended at the first look has a worker to be woken, and two commits before it."""
_QUICK_PAUSE = 0.0003
_QUICK = 15
"""So many looks come quickly, for what ends within milliseconds; then gently, for the database."""
_LONGEST_PAUSE = 0.1


def look(execution_id: str) -> Standing:
    """Where the execution stands now. Raises ExecutionNotFound."""
    row_id = ids.parse_id(execution_id)
    rows = fetch("look", {"id": row_id}, prepare=True) if row_id else []
    if not rows:
        raise ExecutionNotFound(f"There is no execution {execution_id[:64]!r}.")
    status, result, error, attempt = rows[0]
    return Standing(status, _value(result), _value(error), attempt)


def wait(execution_id: str, timeout: float) -> Standing:
    """Where it stands once it has ended, or after `timeout` seconds.

    Raises TransactionOpen when it was accepted in this thread's transaction, which nobody else sees before it commits.
    """
    if connection.in_atomic_block and accepted_in_open_transaction(execution_id):
        raise TransactionOpen
    until = time.monotonic() + timeout
    pause, asked = _FIRST_PAUSE, 0
    while True:
        standing = look(execution_id)
        asked += 1
        left = until - time.monotonic()
        if standing.status in ENDED or left <= 0:
            return standing
        time.sleep(min(pause, left))
        pause = _QUICK_PAUSE if asked < _QUICK else min(pause * 1.25, _LONGEST_PAUSE)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
