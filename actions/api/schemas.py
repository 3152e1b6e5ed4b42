"""What comes in and goes out, as types: the OpenAPI document is made of them, and bodies are checked by them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from actions.engine.access import LONGEST_REASON
from actions.queries.paging import LARGEST_PAGE
from actions.states import Status

MOST_ITEMS = 1_000
_TAG = Annotated[str, Field(min_length=1, max_length=100)]
_STRICT = ConfigDict(extra="forbid", strict=True)


class Body(BaseModel):
    """A body: no member but these, and nothing converted."""

    model_config = _STRICT


class Callback(Body):
    """Whom to tell when an execution has ended."""

    url: str = Field(max_length=2_000)
    secret: str = Field("", max_length=200, description="whsec_…; the installation's where it is left out.")


class Start(Body):
    """One execution to be accepted."""

    params: dict[str, Any] = Field(description="As the action's params_schema says.")
    available_at: str | None = Field(
        None, description="Not before this time, RFC 3339 with a zone, a year ahead at most."
    )
    priority: int | None = Field(None, ge=-32_768, le=32_767, description="Smaller goes first.")
    tags: list[_TAG] = Field([], max_length=20)
    callback: Callback | None = None


class Item(Body):
    """One of many executions."""

    params: dict[str, Any]
    idempotency_key: str | None = None


class StartMany(Body):
    """Executions of one action: all are stored, or none is."""

    items: list[Item] = Field(min_length=1, max_length=MOST_ITEMS)
    available_at: str | None = None
    callback: Callback | None = None


class Reason(Body):
    """Why: kept in the audit."""

    reason: str = Field("", max_length=LONGEST_REASON)


class Pause(Reason):
    """Until somebody resumes it, or until a time."""

    until: str | None = Field(
        None, max_length=100, description="When it goes on by itself, RFC 3339 with a zone, a year ahead at most."
    )


class ChangePause(Reason):
    """Another end of a pause that stands."""

    until: str | None = Field(
        max_length=100,
        description="As of a pause; null for until somebody resumes it. An empty reason leaves the one there is.",
    )


class Cancel(Reason):
    """`force` does not wait for the handler to see that it was asked to stop; it needs the scope force_stop."""

    force: bool = False


class Replay(Reason):
    """A new execution; with `params` in place of the original's, or from a step of a workflow on."""

    params: dict[str, Any] | None = None
    from_step: str | None = Field(None, max_length=255)


class Resolve(Body):
    """What is known of an execution in doubt."""

    answer: Literal["happened", "did_not_happen", "run_again", "give_up"] = Field(
        description="happened: it succeeded, with `result`. did_not_happen, run_again: it is queued again. give_up: it failed."
    )
    result: Any = None
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class Emit(Reason):
    """Something that happened outside, for a workflow."""

    name: str = Field(min_length=1, max_length=100)
    payload: Any = None


class RetryMany(Reason):
    """Failed executions that get a new attempt, each by itself."""

    ids: list[str] = Field(min_length=1, max_length=MOST_ITEMS)


class Query(BaseModel):
    """A query string: no name but these."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(Query):
    """Which executions: those that fit all of these."""

    q: str = Field("", max_length=20_000, description="A search, as the console takes it: `state:failed after:-2h`.")
    status: tuple[Status, ...] = Field((), description="May stand several times.")
    action: str = Field("", max_length=100)
    queue: str = Field("", max_length=100)
    tag: str = Field("", max_length=100)
    idempotency_key: str = Field("", max_length=255)
    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    cursor: str = Field("", max_length=100, description="`next` of the page before.")


class ShowQuery(Query):
    """How long to wait for the end, and whether to be shown what is hidden."""

    wait: float = Field(0, ge=0, description="Seconds; more than 60 are taken as 60.")
    reveal: bool = Field(False, description="Also what is dotted: needs the scope view_payload, and is audited.")


class AuditFilter(Query):
    """Which audit entries."""

    execution: str = Field("", max_length=64)
    action: str = Field("", max_length=100)
    verb: str = Field("", max_length=50)
    actor: str = Field("", max_length=255, description="The actor's label, exactly.")
    request: str = Field("", max_length=64, description="All of one request: the X-Request-Id of its answer.")
    operation: str = Field("", max_length=64, description="All that one bulk operation did.")
    xid: int | None = Field(None, ge=0, lt=2**63, description="All that was written in one transaction.")


class AuditQuery(AuditFilter):
    """Which of them on this page."""

    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    cursor: int | None = Field(None, ge=1, lt=2**63, description="`next` of the page before.")


class NoQuery(Query):
    """None."""


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


class SchedulesQuery(Query):
    """Which."""

    action: str = Field("", max_length=100)
    state: Literal["", "late", "failing", "paused", "code"] = ""


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
