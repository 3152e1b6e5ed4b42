"""Every exception of the platform: one family, each with a stable code.

A message is written for the person who sees it: what happened, what was kept, what to do. The code is for programs and
never changes. GiveUp, RetryLater and InDoubt are raised by handlers; SoftTimeout stands outside the family on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input: a stable code, the path of the value (`items[3].name`, empty for the whole), a sentence."""

    code: str
    path: str
    message: str


class DoplatformError(Exception):
    """Something went wrong in doplatform."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)

    @property
    def message(self) -> str:
        """The sentence for the reader."""
        return str(self.args[0])


# What the caller sent


class InvalidInput(DoplatformError):
    """The input breaks a rule; nothing was stored."""

    def __init__(self, code: str, message: str, *, path: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class, the codes of the input rules
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(code, path, message),)

    @property
    def path(self) -> str:
        """The path of the first fault."""
        return self.problems[0].path


class InvalidParams(InvalidInput):
    """The params do not fit the action's schema; nothing was stored."""

    def __init__(self, action: str, problems: Sequence[Problem]) -> None:
        listed = "; ".join(f"{problem.path or 'params'}: {problem.message}" for problem in problems)
        super().__init__("invalid_params", f"The params of {action} do not fit its schema: {listed}", problems=problems)


class ActionNotFound(DoplatformError):
    """There is no action of that name in this process's code."""

    code = "action_not_found"


class ActionDisabled(DoplatformError):
    """This installation does not offer that action; nothing was stored."""

    code = "action_disabled"


class ExecutionNotFound(DoplatformError):
    """There is no execution with that id."""

    code = "execution_not_found"


class IdempotencyKeyRequired(DoplatformError):
    """This action takes no request without an idempotency key; nothing was stored. Send one and try again."""

    code = "idempotency_key_required"


class IdempotencyKeyInvalid(DoplatformError):
    """An idempotency key has 1 to 255 characters of A-Z a-z 0-9 . _ : / @ + = -; nothing was stored."""

    code = "idempotency_key_invalid"


class IdempotencyConflict(DoplatformError):
    """This idempotency key was used before with other params."""

    code = "idempotency_key_reused"

    def __init__(self, key: str, original: str) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used before with other params, by {original}. Nothing was stored; "
            "send the same params to get that execution, or another key for a new one."
        )
        self.original = original


class IdempotencyInProgress(DoplatformError):
    """Another request with this idempotency key is still being stored. Nothing was stored twice; ask again shortly."""

    code = "idempotency_in_progress"


# What an operator asked for


class Refused(DoplatformError):
    """The execution is in a state that does not allow this; nothing was changed."""

    code = "refused"

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message)
        self.status = status


class NotRetryable(Refused):
    """Only a failed execution can be retried."""

    code = "not_retryable"


class AlreadyFinished(Refused):
    """The execution has ended; there is nothing left to cancel."""

    code = "already_finished"


class NotInDoubt(Refused):
    """Only an execution in doubt can be resolved."""

    code = "not_in_doubt"


class NotWaitingToRun(Refused):
    """Only an execution that is queued or retrying can be run now."""

    code = "not_waiting_to_run"


class ReasonRequired(DoplatformError):
    """This act is audited with a reason of 1 to 2,000 characters; nothing was changed. Say why, and try again."""

    code = "reason_required"


class Forbidden(DoplatformError):
    """You are not permitted to do this; nothing was changed."""

    code = "forbidden"


class AuditBroken(DoplatformError):
    """The audit trail does not fit its seals."""

    code = "audit_broken"


# What the platform stands on


class DatabaseUnavailable(DoplatformError):
    """PostgreSQL did not answer, or refused. If the request had reached it, nobody knows whether it was done: look before
    you ask again."""

    code = "database_unavailable"


class NotMigrated(DoplatformError):
    """The database does not have the tables of this code; nothing was changed. Run: manage.py migrate"""

    code = "not_migrated"


class UnsafeDatabase(DoplatformError):
    """PostgreSQL's settings would lose acknowledged work; no worker starts on it."""

    code = "unsafe_database"


# What a caller waits for


class ResultTimeout(DoplatformError):
    """The execution has not ended in the time given. It goes on; ask for its result later."""

    code = "result_timeout"


class TransactionOpen(DoplatformError):
    """The result was asked for inside the transaction that accepted the execution, which no worker can see before
    it commits. Nothing was lost; ask after the commit."""

    code = "transaction_open"


class ExecutionFailed(DoplatformError):
    """The execution ended without a result."""

    code = "execution_failed"

    def __init__(self, execution_id: str, status: str, error: dict[str, Any] | None) -> None:
        cause = f": {error['message']}" if error else ""
        super().__init__(f"{execution_id} is {status}{cause}")
        self.execution_id = execution_id
        self.status = status
        self.error = error


# What a developer declared


class InvalidDefinition(DoplatformError):
    """An action is declared in a way that cannot work."""

    code = "invalid_definition"


class NotBound(DoplatformError):
    """Actions are not set up yet: call django.setup() first, with "actions" in INSTALLED_APPS."""

    code = "not_bound"


# What a handler may raise


class GiveUp(DoplatformError):
    """The action cannot succeed, however often it is tried: fail now, without further tries."""

    code = "gave_up"


class RetryLater(DoplatformError):
    """Not now: try again after `delay` seconds, without counting this as a try."""

    code = "postponed"

    def __init__(self, delay: float, message: str | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class InDoubt(DoplatformError):
    """The outside effect may have happened, and nobody knows: let a resolver or a person settle it."""

    code = "in_doubt"


class Cancelled(DoplatformError):
    """Someone asked this execution to stop; raised by context.heartbeat(). Clean up and let it through."""

    code = "cancelled"


# What can happen to an attempt


class LeaseLost(DoplatformError):
    """This attempt was taken over or cancelled meanwhile; its writes were rolled back."""

    code = "lease_lost"


class WorkerLost(DoplatformError):
    """The worker vanished in the middle of the attempt."""

    code = "worker_crashed"


class TimedOut(DoplatformError):
    """The attempt took longer than its timeout and was stopped."""

    code = "timed_out"


class ResultInvalid(DoplatformError):
    """The handler's result cannot be stored; its writes were rolled back."""

    code = "result_invalid"


class TransactionControl(DoplatformError):
    """A handler may not COMMIT, ROLLBACK or begin transactions: its writes and its record commit together. Use
    transaction.atomic() for savepoints, or atomic=False on the action."""

    code = "transaction_control"


class TransactionAborted(DoplatformError):
    """The handler swallowed a database error, so PostgreSQL would not commit its writes; they were rolled back. Put
    the statement that may fail inside transaction.atomic()."""

    code = "transaction_aborted"


class SecondConnection(DoplatformError):
    """The handler opened a second database connection (a thread, asyncio.run, another alias); what it writes would not
    commit together with the record. Stay in the handler's own thread, or declare effects="external"."""

    code = "second_connection"


class SoftTimeout(SystemExit):
    """Raised inside a handler whose time is up.

    A SystemExit, so that `except Exception` does not swallow it and psycopg cancels the statement it interrupts.
    """


class ShuttingDown(SystemExit):
    """Raised inside a handler that has not ended when its worker must: the attempt is given back."""


def describe(error: BaseException) -> dict[str, Any]:
    """The JSON form of an error: {"code", "class", "message"}; the class is dotted for foreign exceptions."""
    kind = type(error)
    code = error.code if isinstance(error, DoplatformError) else "exception"
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  (a broken __str__ must not hide the failure it belongs to)
        message = f"{name} (its message cannot be shown)"
    return {"code": code, "class": name, "message": storable(message[:10_000])}


def storable(text: str) -> str:
    """`text` as PostgreSQL can keep it: NUL and half surrogates spelt out."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
