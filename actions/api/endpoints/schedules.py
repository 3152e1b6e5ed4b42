"""Schedules: when actions are asked for by the clock; paused, resumed, and run beside their times."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import answering, pausing, places, reading
from actions.api.answering import respond
from actions.api.bearer import key_of, require
from actions.api.describing import reads
from actions.api.pausing import CHANGES, PAUSES, RESUMES
from actions.api.schemas import Execution, NoQuery, Paused, Reason, Schedule, Schedules, SchedulesQuery
from actions.engine.schedules import pause
from actions.engine.schedules.change_pause import change_schedule_pause
from actions.engine.schedules.run_now import run_now as run_beside
from actions.errors import ScheduleNotFound
from actions.models import Schedule as Row
from actions.queries import schedules

router = Router(tags=["schedules"])
_LARGEST = 2**63


@router.get("/schedules", response=Schedules, operation_id="list_schedules", openapi_extra=reads(query=SchedulesQuery))
def list_schedules(request: HttpRequest) -> HttpResponse:
    """The schedules of the actions that the key may read, those that come next first."""
    asked = reading.query(SchedulesQuery, request)
    key = key_of(request)
    found = schedules.every(action=asked.action, state=asked.state)
    return respond({"items": [_told(request, one) for one in found if key.allows("read", one.row.action_id)]})


@router.get("/schedules/{schedule}", response=Schedule, operation_id="show_schedule", openapi_extra=reads(fails=(404,)))
def show_schedule(request: HttpRequest, schedule: str) -> HttpResponse:
    """One schedule, with its next times and what it has started."""
    reading.query(NoQuery, request)
    return respond(_told(request, _seen(request, schedule, "read")))


@router.post("/schedules/{schedule}/pause", response=Paused, operation_id="pause_schedule", openapi_extra=PAUSES)
def pause_schedule(request: HttpRequest, schedule: str) -> HttpResponse:
    """Let its times pass. One that is paused stays as it is: the answer says until when."""
    row = _pausable(request, schedule)
    return pausing.pause(request, pause.pause, "schedule", row.pk, name=str(row))


@router.post(
    "/schedules/{schedule}/change-pause",
    response=Paused,
    operation_id="change_pause_of_schedule",
    openapi_extra=CHANGES,
)
def change_schedule(request: HttpRequest, schedule: str) -> HttpResponse:
    """Let its pause end at another time; it stays paused meanwhile."""
    row = _pausable(request, schedule)
    return pausing.change(request, change_schedule_pause, "schedule", row.pk, name=str(row))


@router.post("/schedules/{schedule}/resume", response=Paused, operation_id="resume_schedule", openapi_extra=RESUMES)
def resume_schedule(request: HttpRequest, schedule: str) -> HttpResponse:
    """Let it go on with its next time."""
    row = _pausable(request, schedule)
    return pausing.resume(request, pause.resume, "schedule", row.pk, name=str(row))


@router.post(
    "/schedules/{schedule}/run-now",
    response={202: Execution, 200: Execution},
    operation_id="run_schedule_now",
    openapi_extra=reads(body=Reason, optional=True, query=NoQuery, headers=("Idempotency-Key",), fails=(404, 409)),
)
def run_now(request: HttpRequest, schedule: str) -> HttpResponse:
    """One execution at once with its params, beside its times."""
    reading.query(NoQuery, request)
    row = _seen(request, schedule, "trigger").row
    key = require(request, "trigger", row.action_id, subject=str(row))
    wanted = reading.load(Reason, reading.body(request, optional=True))
    accepted = run_beside(
        row.pk, actor=key.actor, reason=wanted.reason, idempotency_key=reading.idempotency_key(request)
    )
    return answering.accepted(request, accepted, reading.NO_WAIT)


def _pausable(request: HttpRequest, schedule: str) -> Row:
    """The schedule, if the key may pause it."""
    reading.query(NoQuery, request)
    row = _seen(request, schedule, "pause").row
    require(request, "pause", row.action_id, subject=str(row))
    return row


def _seen(request: HttpRequest, schedule: str, verb: str) -> schedules.Shown:
    """A schedule of an action that the key may read, or do the verb to. Raises ScheduleNotFound, for others' too."""
    if not (schedule.isascii() and schedule.isdecimal() and len(schedule) < 20 and int(schedule) < _LARGEST):
        raise ScheduleNotFound
    shown = schedules.find(int(schedule))
    if not any(key_of(request).allows(one, shown.row.action_id) for one in ("read", verb)):
        raise ScheduleNotFound
    return shown


def _told(request: HttpRequest, shown: schedules.Shown) -> dict[str, Any]:
    told = schedules.as_json(shown, payload=key_of(request).sees_payload)
    return {"url": f"{places.root()}/schedules/{shown.row.pk}", **told}
