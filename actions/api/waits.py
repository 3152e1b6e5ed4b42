"""What the API says of why an execution waits, as types for the OpenAPI document."""

from pydantic import BaseModel, Field


class Waits(BaseModel):
    """One reason for which an execution waits."""

    code: str = Field(
        description="queue_paused, action_paused, tag_paused, no_worker, workers_quiet, at_limit, not_in_code, other_queue, "
        "not_due, behind; of a workflow that waits event, steps, time; of a step that is blocked steps."
    )
    message: str


class WaitsFor(BaseModel):
    """Why an execution is not started now, or does not go on: all that holds it back. Empty where nothing does, and once it is at
    work or has ended."""

    items: list[Waits]
