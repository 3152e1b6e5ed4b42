"""What a handler may raise, and what can happen to an attempt."""

from actions.errors.base import DoplatformError


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
