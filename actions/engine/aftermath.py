"""What an ending asks for besides its record: the failure handler, the resolver, a wake-up. All in settle's transaction."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from actions import ids
from actions.definitions.actor import PLATFORM
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine import dispatch, inputs
from actions.engine.accept import accept
from actions.models import Execution
from actions.states import Status

_NEWS = {Status.FAILED, Status.RETRYING, Status.IN_DOUBT, Status.QUEUED}
log = structlog.get_logger(__name__)


def follow(
    id: UUID,  # noqa: A002
    *,
    action: str,
    attempt: int,
    status: Status,
    error: dict[str, Any] | None,
    delay: float,
) -> None:
    """Accept what the action declared for this ending, each an execution of its own with its own tries and audit."""
    if status in _NEWS:
        _tell(id, action, attempt, status, error, delay)
    declared = registry.get(action)
    if declared is None:
        return
    if status == Status.FAILED and declared.failure_action is not None:
        params = inputs.whole(*Execution.objects.values_list("params", "inputs").get(pk=id))
        told = {name: text for name, text in (error or {}).items() if name not in {"place", "traceback"}}
        _accept(
            declared.failure_action, {"execution_id": ids.public_id(id), "params": params, "error": told}, id, attempt
        )
    if status == Status.IN_DOUBT and declared.resolver_action is not None:
        due = datetime.now(UTC) + timedelta(seconds=delay) if delay > 0 else None
        _accept(declared.resolver_action, {"execution_id": ids.public_id(id), "attempt": attempt}, id, attempt, due)
    if declared.max_concurrency is not None:
        wake_later([declared.queue])


def wake_later(queues: Iterable[str]) -> None:
    """Wake queues after the commit."""
    for queue in set(queues):
        _after_commit(partial(dispatch.wake_soon, queue))


def _tell(id: UUID, action: str, attempt: int, status: Status, error: dict[str, Any] | None, delay: float) -> None:  # noqa: A002
    """One line in the log for an ending that is not a success, when it has committed."""
    tell = log.info if status == Status.RETRYING else log.warning
    if error is not None:
        told = {"action": action, "execution": ids.public_id(id), "attempt": attempt, "delay": delay}
        _after_commit(partial(tell, f"execution_{status}", **told, message=error["message"]))


def _after_commit(call: Callable[[], object]) -> None:
    """Call it when this has committed; a fault is logged, and what has committed stays so."""

    def after_commit() -> None:
        # Django names a robust hook that failed by its __qualname__, which a partial has not.
        call()

    transaction.on_commit(after_commit, robust=True)


def _accept(action: Any, params: dict[str, Any], id: UUID, attempt: int, due: datetime | None = None) -> None:  # noqa: A002
    key = f"{action.name}:{ids.public_id(id)}:{attempt}"
    accept(action, Invocation(params=params, idempotency_key=key, available_at=due, actor=PLATFORM))
