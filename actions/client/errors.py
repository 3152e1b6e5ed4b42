"""Every error of the client: one family with stable codes.

`code` is for programs and never changes; the message is for a person: what happened, what was kept, what to do.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request: the path of the value (`params.email`), a sentence, a code."""

    path: str
    message: str
    code: str = ""


class DoError(Exception):
    """Something was not done.

    `status` is that of HTTP, None where no answer came; `idempotency_key` is the one that the request went under: asking
    again with it is never done twice.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "error",
        status: int | None = None,
        request_id: str = "",
        errors: tuple[Fault, ...] = (),
        idempotency_key: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.errors = errors
        self.idempotency_key = idempotency_key

    @property
    def class_name(self) -> str:
        """The class of what was raised: that of the handler's exception where a handler failed."""
        return type(self).__name__

    def as_dict(self) -> dict[str, Any]:
        """For JSON: code, class, message, and what else is known."""
        known = {"code": self.code, "class": self.class_name, "message": self.message}
        more = {"status": self.status, "request_id": self.request_id, "idempotency_key": self.idempotency_key}
        faults = [{"path": one.path, "message": one.message, "code": one.code} for one in self.errors]
        return known | {name: value for name, value in more.items() if value} | ({"errors": faults} if faults else {})


# What the client itself finds


class ConfigurationError(DoError):
    """The client cannot be used like this: no API key, or no base URL."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="configuration")


class ConnectionFailed(DoError):
    """No answer came. Where a request had been sent it may have been done: ask again with its idempotency key."""


class RequestTimeout(ConnectionFailed):
    """No answer came in the time given."""


class UnreadableAnswer(DoError):
    """What answered does not speak like the platform; is the base URL right?"""


# What the platform refuses. Nothing was changed, but for a server error.


class ApiError(DoError):
    """The platform answered that it does not do this."""


class BadRequest(ApiError):
    """400, 405, 406, 408, 411, 413, 415: the request itself is wrong."""


class Unauthenticated(ApiError):
    """401: the API key is not (or no longer) valid."""


class Forbidden(ApiError):
    """403: the API key lacks a scope; the message names it."""


class NotFound(ApiError):
    """404: there is no such thing, or it may not be seen."""


class ActionNotFound(NotFound):
    """There is no action of that name."""


class ExecutionNotFound(NotFound):
    """There is no execution with that id."""


class Conflict(ApiError):
    """409: its state does not allow this."""


class ActionDisabled(Conflict):
    """This installation does not offer that action."""


class NotRetryable(Conflict):
    """Only a failed execution can be retried."""


class AlreadyFinished(Conflict):
    """It has ended; there is nothing left to cancel."""


class NotInDoubt(Conflict):
    """Only an execution in doubt can be resolved."""


class IdempotencyInProgress(Conflict):
    """Another request under this key is still being stored."""


class InvalidInput(ApiError):
    """422: understood, and not acceptable; `errors` names every fault."""


class InvalidParams(InvalidInput):
    """The params do not fit the action's schema."""


class IdempotencyConflict(InvalidInput):
    """This idempotency key was used before with other params."""


class RateLimited(ApiError):
    """429: too many requests, also after waiting as told."""


class ServerError(ApiError):
    """5xx: the platform could not answer. What was asked may have been done: ask again with the idempotency key."""


class Unavailable(ServerError):
    """503: the platform cannot store anything now."""


# How an execution stands


class ExecutionError(DoError):
    """There is no result. `execution_id` says of what; `error` is what the platform recorded; `state` its status."""

    def __init__(
        self, message: str, *, code: str, execution_id: str, state: str, error: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.execution_id = execution_id
        self.state = state
        self.error = error

    @property
    def class_name(self) -> str:
        """The class of the exception that the handler ended with."""
        recorded = (self.error or {}).get("class")
        return recorded if isinstance(recorded, str) and recorded else type(self).__name__

    def as_dict(self) -> dict[str, Any]:
        """With the execution's id and status."""
        return super().as_dict() | {"id": self.execution_id, "state": self.state}


class ExecutionFailed(ExecutionError):
    """It failed: its tries are used up, or the failure is for good. It can be retried."""


class ExecutionCancelled(ExecutionError):
    """Somebody cancelled it."""


class ExecutionSkipped(ExecutionError):
    """A step that will not run, because one that it needs has failed."""


class ExecutionInDoubt(ExecutionError):
    """Nobody knows whether its outside effect happened. It waits for somebody to resolve it; never do it again blindly."""


class ResultTimeout(ExecutionError):
    """It has not ended in the time given. It goes on; ask for its result later."""
