"""How an execution came out: `result, error = do.action.execute(…)`."""

from typing import Any, Self

from actions.client import errors
from actions.client.known import SUCCEEDED, Told

_KINDS: dict[str, type[errors.ExecutionError]] = {
    "failed": errors.ExecutionFailed,
    "cancelled": errors.ExecutionCancelled,
    "skipped": errors.ExecutionSkipped,
    "in_doubt": errors.ExecutionInDoubt,
}


class Outcome(tuple[Any, errors.DoError | None]):  # noqa: SLOT001  (a tuple has no room for slots of its own)
    """A pair of result and error; the error is None exactly when the execution succeeded.

    True when it succeeded. `id` and `status` are those of the execution; empty where none was accepted.
    """

    id: str
    status: str
    replayed: bool
    told: Told | None
    """The execution as it was last told."""

    def __new__(cls, result: Any, error: errors.DoError | None, told: Told | None = None) -> Self:
        """A pair that also knows what it is about."""
        made = super().__new__(cls, (result, error))
        made.id = told.id if told else ""
        made.status = told.status if told else ""
        made.replayed = told.replayed if told else False
        made.told = told
        return made

    @property
    def result(self) -> Any:
        """What the handler returned; None without success."""
        return self[0]

    @property
    def error(self) -> errors.DoError | None:
        """Why there is no result; None on success."""
        return self[1]

    def value(self) -> Any:
        """The result. Raises the error where there is one."""
        if self[1] is not None:
            raise self[1]
        return self[0]

    def __bool__(self) -> bool:
        return self[1] is None

    def __repr__(self) -> str:
        return f"Outcome(result={self[0]!r}, error={self[1]!r}, id={self.id!r}, status={self.status!r})"


def outcome_of(told: Told) -> Outcome:
    """The outcome of an execution that was waited for."""
    if told.status == SUCCEEDED:
        return Outcome(told.document.get("result"), None, told)
    return Outcome(None, _error(told), told)


def _error(told: Told) -> errors.ExecutionError:
    kind = _KINDS.get(told.status)
    if kind is None:
        message = f"{told.id} has not ended in {told.waited:g} s (it is {told.status}). It goes on; ask again later."
        return errors.ResultTimeout(message, code="result_timeout", execution_id=told.id, state=told.status)
    found = told.document.get("error")
    recorded = found if isinstance(found, dict) else None
    cause = (recorded or {}).get("message")
    code = (recorded or {}).get("code")
    words = told.status.replace("_", " ")
    return kind(
        f"{told.id} is {words}" + (f": {cause}" if isinstance(cause, str) and cause else "."),
        code=code if isinstance(code, str) and code else told.status,
        execution_id=told.id,
        state=told.status,
        error=recorded,
    )
