"""Actions, queues and tags whose executions wait until somebody, or the time, lets them go on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import reading
from actions.api.answering import respond
from actions.api.bearer import key_of, require, require_queue
from actions.api.describing import reads
from actions.api.schemas import NoQuery, Pause, Paused, Reason
from actions.engine.operate import pause

router = Router(tags=["pauses"])
_PAUSES = reads(body=Pause, optional=True, query=NoQuery, fails=(404,))
_RESUMES = reads(body=Reason, optional=True, query=NoQuery, fails=(404,))
_ANY = "*"
"""Whatever action may have a tag: only the scope for all of them covers it."""


def _paused(request: HttpRequest, name: str, act: Callable[..., bool]) -> HttpResponse:
    reading.query(NoQuery, request)
    wanted = reading.load(Pause, reading.body(request, optional=True))
    until = reading.moment(wanted.until, "until")
    changed = act(name, actor=key_of(request).actor, reason=wanted.reason, until=until)
    return respond({"name": name, "paused": True, "changed": changed})


def _resumed(request: HttpRequest, name: str, act: Callable[..., bool]) -> HttpResponse:
    reading.query(NoQuery, request)
    wanted = reading.load(Reason, reading.body(request, optional=True))
    changed = act(name, actor=key_of(request).actor, reason=wanted.reason)
    return respond({"name": name, "paused": False, "changed": changed})


@router.post("/actions/{name}/pause", response=Paused, operation_id="pause_action", openapi_extra=_PAUSES)
def pause_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let no execution of the action start; running ones end."""
    require(request, "pause", name)
    return _paused(request, name, pause.pause_action)


@router.post("/actions/{name}/resume", response=Paused, operation_id="resume_action", openapi_extra=_RESUMES)
def resume_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let them start again."""
    require(request, "pause", name)
    return _resumed(request, name, pause.resume_action)


@router.post("/queues/{name}/pause", response=Paused, operation_id="pause_queue", openapi_extra=_PAUSES)
def pause_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let nothing in the queue start; what runs ends."""
    require_queue(request, name)
    return _paused(request, name, pause.pause_queue)


@router.post("/queues/{name}/resume", response=Paused, operation_id="resume_queue", openapi_extra=_RESUMES)
def resume_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let the queue go on."""
    require_queue(request, name)
    return _resumed(request, name, pause.resume_queue)


@router.post("/tags/{path:tag}/pause", response=Paused, operation_id="pause_tag", openapi_extra=_PAUSES)
def pause_tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Let nothing start that has the tag: what was asked for with it, and executions of actions that have it. Needs the
    scope for all actions."""
    require(request, "pause", _ANY, subject=tag)
    return _paused(request, tag, pause.pause_tag)


@router.post("/tags/{path:tag}/resume", response=Paused, operation_id="resume_tag", openapi_extra=_RESUMES)
def resume_tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Let it start again."""
    require(request, "pause", _ANY, subject=tag)
    return _resumed(request, tag, pause.resume_tag)
