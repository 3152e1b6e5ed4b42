"""What invoke() returns: a reference to an execution."""

from dataclasses import dataclass
from typing import Any

from actions.definitions.engine import Standing, bound
from actions.errors import ExecutionFailed, ResultTimeout
from actions.states import Status


@dataclass(frozen=True, slots=True)
class Handle:
    """One execution. `replayed` says that the idempotency key had been seen before."""

    id: str
    replayed: bool = False

    @property
    def status(self) -> Status:
        """Its status now."""
        return Status(bound().look(self.id).status)

    @property
    def error(self) -> dict[str, Any] | None:
        """Its error now: {"code", "class", "message"}, None where there is none."""
        return bound().look(self.id).error

    def result(self, timeout: float = 60.0) -> Any:
        """Wait up to `timeout` seconds for the end and return the result.

        Raises ExecutionFailed when it failed, was cancelled or is in doubt, ResultTimeout when it has not ended,
        TransactionOpen when it was accepted in a transaction that is still open.
        """
        standing = bound().wait(self.id, timeout)
        if standing.status == Status.SUCCEEDED:
            return standing.result
        return self._no_result(standing, timeout)

    def _no_result(self, standing: Standing, timeout: float) -> Any:
        if standing.status in {Status.FAILED, Status.CANCELLED, Status.SKIPPED, Status.IN_DOUBT}:
            raise ExecutionFailed(self.id, standing.status, standing.error)
        raise ResultTimeout(
            f"{self.id} has not ended in {timeout:g} s (it is {standing.status}). It goes on; ask again later."
        )
