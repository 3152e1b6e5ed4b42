"""@workflow: a function that composes actions, entered again from the top each time something it waits for is done."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, overload

from actions.definitions.action import Action, DeriveKey
from actions.definitions.actor import CODE, Actor
from actions.definitions.engine import bound
from actions.definitions.flow import running, seconds_of
from actions.definitions.registry import registry
from actions.definitions.schedule import Schedule
from actions.errors import WorkflowWrites
from actions.retry import RetryPolicy
from actions.states import Effects

P = ParamSpec("P")
R = TypeVar("R")

_ONCE = RetryPolicy(max_attempts=1)
_ON_FAILURE = {"fail", "compensate"}


class Workflow(Action[P, R]):
    """A declared workflow. Its steps do the work; the function itself has no effects, so a lost entry is made again.

    `limit` is the whole workflow's timeout in seconds, None where it has none.
    """

    kind = "workflow"

    def __init__(
        self,
        handler: Callable[P, R],
        *,
        name: str | None = None,
        timeout: float | timedelta | None = None,
        on_failure: str = "fail",
        retry: RetryPolicy | None = None,
        queue: str = "default",
        priority: int = 0,
        idempotency: str = "optional",
        derive_key: DeriveKey | None = None,
        tags: Iterable[str] = (),
        schedules: Iterable[Schedule] = (),
    ) -> None:
        super().__init__(
            handler,
            name=name,
            effects=Effects.DATABASE,
            retry=retry or _ONCE,
            queue=queue,
            priority=priority,
            idempotency=idempotency,
            derive_key=derive_key,
            tags=tags,
            schedules=schedules,
        )
        self.limit = None if timeout is None else seconds_of(timeout)
        self.compensates = on_failure == "compensate"
        if self.is_async:
            self._refuse("a workflow is a plain function, not async: it holds no worker while it waits anyway")
        if on_failure not in _ON_FAILURE:
            self._refuse(f"on_failure is 'fail' or 'compensate', not {on_failure!r}")
        if self.limit == 0:
            self._refuse("timeout is more than 0 seconds")


def emit(
    execution_id: str,
    name: str,
    payload: Any = None,
    *,
    actor: Actor = CODE,
    reason: str = "",
    idempotency_key: str | None = None,
) -> None:
    """Tell the workflow `execution_id` that something happened outside: wait_for(name) returns `payload` (JSON).

    An event that comes before the wait is kept for it; each wait takes one. With an `idempotency_key` the same event told
    twice is kept once. Raises ExecutionNotFound, AlreadyFinished, InvalidInput.
    """
    if running() is not None:
        raise WorkflowWrites(f"emit() in a workflow function: {WorkflowWrites.__doc__}")
    bound().emit(execution_id, name, payload, actor=actor, reason=reason, idempotency_key=idempotency_key)


@overload
def workflow(name: Callable[P, R]) -> Workflow[P, R]: ...
@overload
def workflow(name: str | None = None, **policies: Any) -> Callable[[Callable[P, R]], Workflow[P, R]]: ...
def workflow(name: Any = None, **policies: Any) -> Any:
    """Declare a workflow: `@workflow`, or `@workflow("pay-order", timeout=days, on_failure="compensate", …)`.

    Policies: timeout (of the whole, seconds or a timedelta), on_failure ("fail" | "compensate"), retry (of errors in the
    function itself; none unless given), queue, priority, idempotency, derive_key, tags, schedules. There is no max_concurrency:
    a workflow that waits holds nothing; limit the actions that it calls.
    """
    if callable(name):
        return workflow()(name)

    def declare(handler: Callable[P, R]) -> Workflow[P, R]:
        declared: Workflow[P, R] = Workflow(handler, name=name, **policies)
        registry.add(declared)
        return declared

    return declare
