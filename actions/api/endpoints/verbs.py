"""What can be done to one execution: the engine's verbs, each once per Idempotency-Key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions.api import answering, reading
from actions.api.bearer import key_of, require
from actions.api.describing import reads
from actions.api.schemas.answers import Execution
from actions.api.schemas.asked import Body, Cancel, Emit, NoQuery, Note, Reason, Replay, Resolve
from actions.definitions.actor import Actor
from actions.engine.operate import cancel as cancelling
from actions.engine.operate import emit as emitting
from actions.engine.operate import handled as handling
from actions.engine.operate import replay as replaying
from actions.engine.operate import resolve as resolving
from actions.engine.operate import retry as retrying
from actions.engine.operate import run_now as hurrying
from actions.engine.operate.once import once
from actions.engine.operate.resolve import Answer
from actions.errors import InvalidParams

router = Router(tags=["executions"])
Model = TypeVar("Model", bound=Body)
_STOPS = ("cancel", "force_stop")
"""The verb of a cancel, and of one with `force`."""
_ANSWERS = {"did_not_happen": Answer.RUN_AGAIN}


def _reads(body: type[Body], *, optional: bool = True) -> dict[str, Any]:
    return reads(body=body, optional=optional, query=NoQuery, headers=("Idempotency-Key",), fails=(404, 409))


def _wanted(request: HttpRequest, execution_id: str, verb: str, model: type[Model]) -> tuple[Actor, Model]:
    """Who asks, and what. Raises ExecutionNotFound, Forbidden and what is wrong with the body, in this order."""
    reading.query(NoQuery, request)
    found = answering.seen(request, execution_id, verb)
    key = require(request, verb, found["action"], subject=execution_id)
    return key.actor, reading.load(model, reading.body(request, optional=True))


def _done(
    request: HttpRequest, execution_id: str, verb: str, actor: Actor, body: Body, act: Callable[[], Any]
) -> HttpResponse:
    """Do it, unless this key has done it before; the execution as it stands then."""
    new = once(
        execution_id, verb, act, actor=actor, key=reading.idempotency_key(request), sent=body.model_dump(mode="json")
    )
    return answering.execution(request, execution_id, headers=None if new else {"Idempotent-Replayed": "true"})


@router.post(
    "/executions/{execution_id}/retry", response=Execution, operation_id="retry_execution", openapi_extra=_reads(Reason)
)
def retry(request: HttpRequest, execution_id: str) -> HttpResponse:
    """A failed execution gets a new attempt, with its tries counted anew."""
    actor, body = _wanted(request, execution_id, "retry", Reason)
    return _done(
        request,
        execution_id,
        "retry",
        actor,
        body,
        lambda: retrying.retry(execution_id, actor=actor, reason=body.reason),
    )


@router.post(
    "/executions/{execution_id}/run-now",
    response=Execution,
    operation_id="run_execution_now",
    openapi_extra=_reads(Reason),
)
def run_now(request: HttpRequest, execution_id: str) -> HttpResponse:
    """One that waits for its time is due at once."""
    actor, body = _wanted(request, execution_id, "run_now", Reason)
    return _done(
        request,
        execution_id,
        "run_now",
        actor,
        body,
        lambda: hurrying.run_now(execution_id, actor=actor, reason=body.reason),
    )


@router.post(
    "/executions/{execution_id}/cancel",
    response=Execution,
    operation_id="cancel_execution",
    openapi_extra=_reads(Cancel),
)
def cancel(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Stop it: at once where nothing is lost by it, by asking where a handler is at work outside."""
    reading.query(NoQuery, request)
    action = answering.seen(request, execution_id, *_STOPS)["action"]
    # Which of the two scopes is needed stands in the body, which is not read for a key that has neither.
    if not key_of(request).allows("force_stop", action):
        require(request, "cancel", action, subject=execution_id)
    body = reading.load(Cancel, reading.body(request, optional=True))
    verb = _STOPS[body.force]
    actor = require(request, verb, action, subject=execution_id).actor
    return _done(
        request,
        execution_id,
        verb,
        actor,
        body,
        lambda: cancelling.cancel(execution_id, actor=actor, reason=body.reason, force=body.force),
    )


@router.post(
    "/executions/{execution_id}/resolve",
    response=Execution,
    operation_id="resolve_execution",
    openapi_extra=_reads(Resolve, optional=False),
)
def resolve(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Say how an execution in doubt really ended."""
    actor, body = _wanted(request, execution_id, "resolve", Resolve)
    answer = _ANSWERS.get(body.answer) or Answer(body.answer)
    return _done(
        request,
        execution_id,
        "resolve",
        actor,
        body,
        lambda: resolving.resolve(execution_id, answer=answer, actor=actor, reason=body.reason, result=body.result),
    )


@router.post(
    "/executions/{execution_id}/handle",
    response=Execution,
    operation_id="handle_execution",
    openapi_extra=_reads(Note, optional=False),
)
def handle(request: HttpRequest, execution_id: str) -> HttpResponse:
    """A failed execution needs nobody any more, without being retried: it stays failed, and is open no more."""
    actor, body = _wanted(request, execution_id, "triage", Note)
    return _done(
        request,
        execution_id,
        "handle",
        actor,
        body,
        lambda: handling.handle(execution_id, actor=actor, reason=body.reason),
    )


@router.post(
    "/executions/{execution_id}/reopen",
    response=Execution,
    operation_id="reopen_execution",
    openapi_extra=_reads(Note, optional=False),
)
def reopen(request: HttpRequest, execution_id: str) -> HttpResponse:
    """What was handled needs somebody after all."""
    actor, body = _wanted(request, execution_id, "triage", Note)
    return _done(
        request,
        execution_id,
        "reopen",
        actor,
        body,
        lambda: handling.reopen(execution_id, actor=actor, reason=body.reason),
    )


@router.post(
    "/executions/{execution_id}/replay",
    response={202: Execution, 200: Execution},
    operation_id="replay_execution",
    openapi_extra=_reads(Replay),
)
def replay(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Do it once more, as a new execution."""
    actor, body = _wanted(request, execution_id, "replay", Replay)
    try:
        accepted = replaying.replay(
            execution_id,
            actor=actor,
            reason=body.reason,
            params=body.params,
            idempotency_key=reading.idempotency_key(request),
            from_step=body.from_step,
            callback=key_of(request).callback,
        )
    except InvalidParams as error:
        raise error.moved(reading.below("params", error.problems)) from None
    if body.from_step is not None:
        # It has brought steps with it since it was accepted: they are looked up.
        accepted = replace(accepted, row=None)
    return answering.accepted(request, accepted, reading.NO_WAIT)


@router.post(
    "/executions/{execution_id}/events",
    response=Execution,
    operation_id="emit_event",
    openapi_extra=_reads(Emit, optional=False),
)
def emit(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Tell a workflow that something happened outside."""
    actor, body = _wanted(request, execution_id, "emit", Emit)
    emitted = emitting.emit(
        execution_id,
        body.name,
        body.payload,
        actor=actor,
        reason=body.reason,
        idempotency_key=reading.idempotency_key(request),
    )
    return answering.execution(request, execution_id, headers=None if emitted.new else {"Idempotent-Replayed": "true"})
