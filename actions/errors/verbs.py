"""What an operator asked for, and what a caller waits for."""

from typing import Any

from actions.errors.base import DoplatformError


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


class FailureConsumed(NotRetryable):
    """The workflow has gone on past this failure; replay it instead."""

    code = "failure_consumed"


class StepNotFound(DoplatformError):
    """The workflow has no step of that key; nothing was changed."""

    code = "step_not_found"


class BulkOperationNotFound(DoplatformError):
    """There is no such bulk operation; nothing was changed."""

    code = "bulk_operation_not_found"


class SelectionNotFound(DoplatformError):
    """What was selected is kept for a day, for who selected it; nothing was changed. Select it again."""

    code = "selection_not_found"


class ViewNotFound(DoplatformError):
    """There is no such saved view, or it is somebody else's; nothing was changed."""

    code = "view_not_found"


class ScheduleNotFound(DoplatformError):
    """There is no such schedule; nothing was changed."""

    code = "schedule_not_found"


class ScheduleDeclared(DoplatformError):
    """This schedule stands in the code, and is changed and removed there. It can be paused here."""

    code = "schedule_declared"


class NotPaused(DoplatformError):
    """It is not paused, so there is no pause to change; nothing was changed."""

    code = "not_paused"


class PauseChanged(DoplatformError):
    """Somebody else has changed the pause since it was looked at; nothing was changed. Look again."""

    code = "pause_changed"


class ErrorGroupNotFound(DoplatformError):
    """There is no group of failures with that fingerprint; nothing was changed."""

    code = "error_group_not_found"


class WorkerNotFound(DoplatformError):
    """There is no such worker; nothing was changed."""

    code = "worker_not_found"


class WorkerGone(DoplatformError):
    """The worker has ended; nothing was changed. What it ran has been given back or rescued."""

    code = "worker_gone"


class WorkerStopping(DoplatformError):
    """The worker was asked to stop, and that cannot be taken back; nothing was changed."""

    code = "worker_stopping"


class ReasonRequired(DoplatformError):
    """This act is audited with a reason of 1 to 2,000 characters; nothing was changed. Say why, and try again."""

    code = "reason_required"


class Forbidden(DoplatformError):
    """You are not permitted to do this; nothing was changed."""

    code = "forbidden"


class ReadOnly(Forbidden):
    """This installation is read-only (READ_ONLY): everything can be looked at, and nothing was changed."""

    code = "read_only"


class AuditBroken(DoplatformError):
    """The audit trail does not fit its seals."""

    code = "audit_broken"


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
