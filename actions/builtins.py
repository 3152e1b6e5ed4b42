"""Actions of the platform itself: what it does in the background is executed, retried, audited and seen like any other."""

from typing import Any

from actions.definitions.action import action
from actions.definitions.context import Context
from actions.engine.bulk.begin import ACTION as BULK
from actions.engine.bulk.work import work
from actions.retry import RetryPolicy

_DAY = 86_400.0


@action(BULK, effects="repeatable", atomic=False, timeout=_DAY, retry=RetryPolicy(max_attempts=5, delay=5, factor=3))
def bulk_operation(operation: str, context: Context) -> dict[str, Any]:
    """Does one verb to many executions, one after the other; goes on where it stopped."""
    return work(operation, context)
