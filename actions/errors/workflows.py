"""What a workflow function meets."""

from typing import Any

from actions.errors.base import DoplatformError


class StepFailed(DoplatformError):
    """A step that the workflow needs has ended without a result."""

    code = "step_failed"

    def __init__(self, step: str, execution_id: str, status: str, error: dict[str, Any] | None) -> None:
        cause = f": {error['message']}" if error else ""
        super().__init__(f"Step {step} ({execution_id}) is {status}{cause}")
        self.step = step
        self.execution_id = execution_id
        self.status = status
        self.error = error


class EventTimeout(DoplatformError):
    """The external event that the workflow waited for did not come in time."""

    code = "event_timeout"


class WorkflowTimeout(DoplatformError):
    """The workflow took longer than its timeout; steps that had not ended were cancelled."""

    code = "workflow_timed_out"


class WorkflowChanged(DoplatformError):
    """The workflow's code no longer fits what this execution has done."""

    code = "workflow_changed"

    def __init__(self, step: str, execution_id: str, recorded: str, asked: str) -> None:
        super().__init__(
            f"The code asks for step {step} with {asked}, but {execution_id} was that step with {recorded}. Nothing of this "
            "entry was kept. Deploy the code that the execution began with, or replay the workflow under the new one."
        )
        self.step = step


class WorkflowWrites(DoplatformError):
    """A workflow function is entered again and again, so it may read but not write: what it does outside of its steps
    would be done each time. Put the write, or the invoke(), into an action and call that. What the function had written
    was rolled back."""

    code = "workflow_writes"


class TooManySteps(DoplatformError):
    """A workflow has at most 10,000 steps; those that it has are kept. Split the work into sub-workflows."""

    code = "too_many_steps"


class Suspended(BaseException):
    """Leaves a workflow function that has to wait. Not an Exception, so that `except Exception` does not keep it; one that
    is swallowed all the same comes back at the function's next call."""
