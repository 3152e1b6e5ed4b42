"""What goes out."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from actions.states import Status


class Actor(BaseModel):
    """Who asked."""

    kind: str
    id: str
    label: str


class Fault(BaseModel):
    """Why an execution failed, or did not yet succeed."""

    model_config = ConfigDict(extra="allow")
    code: str | None = None
    message: str | None = None


class Summary(BaseModel):
    """What lists show of an execution."""

    id: str = Field(examples=["exec_01ky8n52m7e8svka0s3t7vtbmw"])
    url: str
    action: str
    queue: str
    priority: int
    status: Status
    attempt: int
    tries: int
    losses: int
    error: Fault | None
    actor: Actor
    tags: list[str]
    created_at: str
    available_at: str
    started_at: str | None
    finished_at: str | None
    workflow: str | None = Field(description="The workflow that it is a step of.")
    step: str | None


class Attempt(BaseModel):
    """One try."""

    number: int
    outcome: str | None
    started_at: str
    finished_at: str | None
    duration: float | None
    error: Fault | None
    progress: dict[str, Any] | None


class Step(BaseModel):
    """One step of a workflow."""

    id: str
    step: str
    action: str
    status: Status
    attempt: int
    optional: bool
    detached: bool


class Execution(Summary):
    """An execution."""

    params: dict[str, Any] | None = Field(description="Secret params are dots. null where the key may not see params.")
    result: Any
    idempotency_key: str | None
    replay_of: str | None
    cancel_requested_at: str | None
    handled: dict[str, str] | None = Field(
        description="Of one that stands failed: who has handled it (by), when (at) and why (reason)."
    )
    attempts: list[Attempt]
    steps: list[Step]


class Executions(BaseModel):
    """A page of them. It may be short, or empty, although there are more: `next` says so."""

    items: list[Summary]
    next: str | None
    notes: list[str] = Field(description="How the search was read, and how far was looked.")


class Accepted(BaseModel):
    """One of many that were accepted."""

    id: str
    replayed: bool


class AcceptedMany(BaseModel):
    """All of them, in the order they were sent."""

    items: list[Accepted]


class Retried(BaseModel):
    """What became of one of many retries."""

    id: str
    outcome: Literal["done", "skipped", "failed"]
    code: str | None = None
    message: str | None = None


class RetriedMany(BaseModel):
    """All of them, in the order they were sent."""

    items: list[Retried]


class Paused(BaseModel):
    """Whether this request changed anything, and how it stands now: paused by whom, and until when."""

    name: str
    paused: bool
    changed: bool
    by: str = Field(description="Empty where it is not paused.")
    until: str | None = Field(description="null for until somebody resumes it, and where it is not paused.")


class Action(BaseModel):
    """A declared action."""

    name: str
    url: str
    kind: str
    description: str
    effects: str
    queue: str
    tags: list[str]
    paused: dict[str, Any] | None


class WholeAction(Action):
    """With its schemas and policies."""

    params_schema: dict[str, Any]
    result_schema: dict[str, Any]
    secret_params: list[str]
    policies: dict[str, Any]


class Actions(BaseModel):
    """All that the key may read."""

    items: list[Action]


class ScheduleRun(BaseModel):
    """An execution that a schedule asked for."""

    id: str
    status: str


class Schedule(BaseModel):
    """When an action is asked for by the clock. Times are in UTC."""

    id: int
    url: str
    action: str
    name: str
    cron: str
    timezone: str
    says: str
    catch_up: str
    declared: bool
    withdrawn: bool
    paused: bool
    paused_by: str
    paused_reason: str
    paused_until: str | None
    late: bool
    next: list[str]
    last_at: str | None
    last_error: str
    last_error_at: str | None
    runs: list[ScheduleRun]
    params: dict[str, Any] | None = None


class Schedules(BaseModel):
    """Those of the actions that the key may read."""

    items: list[Schedule]


class Entry(BaseModel):
    """One thing that happened."""

    id: int
    at: str
    verb: str
    actor: Actor
    execution: str | None
    action: str | None
    attempt: int | None
    reason: str
    data: dict[str, Any] | None
    xid: int


class Entries(BaseModel):
    """A page of them."""

    items: list[Entry]
    next: str | None


class ProblemError(BaseModel):
    """One fault."""

    path: str
    message: str
    code: str


class ProblemDocument(BaseModel):
    """RFC 9457. `code` never changes; `detail` is for people."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemError]
    request_id: str
