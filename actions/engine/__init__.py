"""What happens: the verbs of the engine, one file each, in the order an execution lives.

    accept     check, fingerprint, store; the caller's transaction is ours
    dispatch   a wake-up to RQ after the commit: the queue's name, nothing else
    drain      a worker answers the wake-up: claim, work, until nothing is due
    claim      rows become attempts of this worker, few or many by their pace
    perform    the handler is entered once, guarded and timed
    settle     its writes, result, attempt and audit entry commit together
    advance    what waited for an ending goes on: steps behind it, and workflows
    rescue     attempts whose worker is gone are found and judged
    operate    people retry, run now, replay, cancel, resolve, pause
    maintain   one process at a time wakes, rescues, fires schedules, prunes

`workflows/` is what happens when a workflow function is entered. Statuses are written by `ledger` alone. `Postgres` is
what definitions see of all this.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from actions.definitions.actor import Actor
from actions.definitions.context import Context
from actions.definitions.engine import Accepted, Invocation, Standing
from actions.definitions.remote import RemoteAction
from actions.definitions.resolution import Resolution
from actions.engine import accept, remote, wait
from actions.engine.operate import emit, resolve
from actions.engine.workflows import undo

if TYPE_CHECKING:
    from actions.definitions.action import Action


class Postgres:
    """The engine, as bound to the definitions when Django is ready."""

    def accept(self, action: "Action[Any, Any]", invocation: Invocation) -> Accepted:
        """See engine.accept."""
        return accept.accept(action, invocation)

    def accept_many(self, action: "Action[Any, Any]", invocations: Sequence[Invocation]) -> list[Accepted]:
        """See engine.accept."""
        return accept.accept_many(action, invocations)

    def ask_resolver(
        self,
        action: "Action[Any, Any]",
        function: Callable[..., Resolution],
        execution_id: str,
        attempt: int,
        context: Context,
    ) -> dict[str, Any]:
        """See engine.operate.resolve."""
        return resolve.ask_resolver(action, function, execution_id, attempt, context)

    def undo(
        self, action: "Action[Any, Any]", function: Callable[..., Any], execution_id: str, context: Context
    ) -> Any:
        """See engine.workflows.undo."""
        return undo.run_compensation(action, function, execution_id, context)

    def call_remote(self, action: RemoteAction, params: dict[str, Any], context: Context) -> Any:
        """See engine.remote."""
        return remote.call(action, params, context)

    def emit(
        self, execution_id: str, name: str, payload: Any, *, actor: Actor, reason: str, idempotency_key: str | None
    ) -> None:
        """See engine.operate.emit."""
        emit.emit(execution_id, name, payload, actor=actor, reason=reason, idempotency_key=idempotency_key)

    def look(self, execution_id: str) -> Standing:
        """See engine.wait."""
        return wait.look(execution_id)

    def wait(self, execution_id: str, timeout: float) -> Standing:
        """See engine.wait."""
        return wait.wait(execution_id, timeout)
