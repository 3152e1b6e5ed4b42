"""Actions and queues whose executions wait until somebody lets them go on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import reading
from actions.api.answering import respond
from actions.api.bearer import key_of, require, require_queue
from actions.api.describing import reads
from actions.api.schemas import NoQuery, Paused, Reason
from actions.engine.operate import pause

router = Router(tags=["pauses"])
_READS = reads(body=Reason, optional=True, query=NoQuery, fails=(404,))


def _changed(request: HttpRequest, name: str, act: Callable[..., bool], *, paused: bool) -> HttpResponse:
    reading.query(NoQuery, request)
    wanted = reading.load(Reason, reading.body(request, optional=True))
    changed = act(name, actor=key_of(request).actor, reason=wanted.reason)
    return respond({"name": name, "paused": paused, "changed": changed})


@router.post("/actions/{name}/pause", response=Paused, operation_id="pause_action", openapi_extra=_READS)
def pause_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let no execution of the action start; running ones end."""
    require(request, "pause", name)
    return _changed(request, name, pause.pause_action, paused=True)


@router.post("/actions/{name}/resume", response=Paused, operation_id="resume_action", openapi_extra=_READS)
def resume_action(request: HttpRequest, name: str) -> HttpResponse:
    """Let them start again."""
    require(request, "pause", name)
    return _changed(request, name, pause.resume_action, paused=False)


@router.post("/queues/{name}/pause", response=Paused, operation_id="pause_queue", openapi_extra=_READS)
def pause_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let nothing in the queue start; what runs ends."""
    require_queue(request, name)
    return _changed(request, name, pause.pause_queue, paused=True)


@router.post("/queues/{name}/resume", response=Paused, operation_id="resume_queue", openapi_extra=_READS)
def resume_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let the queue go on."""
    require_queue(request, name)
    return _changed(request, name, pause.resume_queue, paused=False)
