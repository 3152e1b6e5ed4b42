"""Actions, queues and tags whose executions wait until somebody, or the time, lets them go on."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import pausing
from actions.api.bearer import require, require_queue
from actions.api.pausing import CHANGES, PAUSES, RESUMES
from actions.api.schemas import Paused
from actions.engine.operate import change_pause, pause

router = Router(tags=["pauses"])
_ANY = "*"
"""Whatever action may have a tag: only the scope for all of them covers it."""


@router.post("/actions/{name}/pause", response=Paused, operation_id="pause_action", openapi_extra=PAUSES)
def pause_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let no execution of the action start; running ones end. One that is paused stays as it is: the answer says until when."""
    require(request, "pause", name)
    return pausing.pause(request, pause.pause_action, "action", name)


@router.post(
    "/actions/{name}/change-pause", response=Paused, operation_id="change_pause_of_action", openapi_extra=CHANGES
)
def change_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let its pause end at another time; it stays paused meanwhile."""
    require(request, "pause", name)
    return pausing.change(request, change_pause.change_action_pause, "action", name)


@router.post("/actions/{name}/resume", response=Paused, operation_id="resume_action", openapi_extra=RESUMES)
def resume_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let them start again."""
    require(request, "pause", name)
    return pausing.resume(request, pause.resume_action, "action", name)


@router.post("/queues/{name}/pause", response=Paused, operation_id="pause_queue", openapi_extra=PAUSES)
def pause_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let nothing in the queue start; what runs ends. One that is paused stays as it is: the answer says until when."""
    require_queue(request, name)
    return pausing.pause(request, pause.pause_queue, "queue", name)


@router.post(
    "/queues/{name}/change-pause", response=Paused, operation_id="change_pause_of_queue", openapi_extra=CHANGES
)
def change_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let its pause end at another time; it stays paused meanwhile."""
    require_queue(request, name)
    return pausing.change(request, change_pause.change_queue_pause, "queue", name)


@router.post("/queues/{name}/resume", response=Paused, operation_id="resume_queue", openapi_extra=RESUMES)
def resume_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let the queue go on."""
    require_queue(request, name)
    return pausing.resume(request, pause.resume_queue, "queue", name)


@router.post("/tags/{path:tag}/pause", response=Paused, operation_id="pause_tag", openapi_extra=PAUSES)
def pause_tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Let nothing start that has the tag: what was asked for with it, and executions of actions that have it. Needs the
    scope for all actions."""
    require(request, "pause", _ANY, subject=tag)
    return pausing.pause(request, pause.pause_tag, "tag", tag)


@router.post(
    "/tags/{path:tag}/change-pause", response=Paused, operation_id="change_pause_of_tag", openapi_extra=CHANGES
)
def change_tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Let its pause end at another time; it stays paused meanwhile."""
    require(request, "pause", _ANY, subject=tag)
    return pausing.change(request, change_pause.change_tag_pause, "tag", tag)


@router.post("/tags/{path:tag}/resume", response=Paused, operation_id="resume_tag", openapi_extra=RESUMES)
def resume_tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Let it start again."""
    require(request, "pause", _ANY, subject=tag)
    return pausing.resume(request, pause.resume_tag, "tag", tag)
