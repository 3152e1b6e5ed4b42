"""Executions: asked for, listed, looked at."""

from difflib import get_close_matches
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from actions import values
from actions.api import answering, reading, schemas
from actions.api.answering import address, respond
from actions.api.bearer import key_of, require
from actions.api.describing import reads
from actions.api.schemas import AcceptedMany, Execution, Executions, ListQuery, NoQuery, ShowQuery, Start, StartMany
from actions.api.waits import WaitsFor
from actions.definitions.action import Action
from actions.definitions.callback import Callback, Kept
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine import endings
from actions.engine.accept import accept, accept_many
from actions.engine.keys import Key
from actions.engine.operate.view_payload import view_payload
from actions.errors import ActionNotFound, InvalidInput, InvalidParams, NotTriggerable, Problem
from actions.ids import parse_id
from actions.queries import holds, search

router = Router(tags=["executions"])


@router.post(
    "/actions/{name}/executions",
    response={202: Execution, 200: Execution},
    operation_id="start_execution",
    openapi_extra=reads(body=Start, query=NoQuery, headers=("Idempotency-Key", "Prefer"), fails=(404, 409)),
)
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for one execution. 202 when it was accepted; 200 when the same key had asked for the same before, and, with
    `Prefer: wait=N`, when it has ended."""
    reading.known_names(NoQuery, request)
    key = require(request, "trigger", name)
    action = _action(name, key)
    wait = reading.preferred_wait(request)
    idempotency_key = reading.idempotency_key(request)
    sent = reading.body(request)
    wanted = _start(action, sent)
    invocation = Invocation(
        params=wanted.params,
        idempotency_key=idempotency_key,
        available_at=reading.moment(wanted.available_at),
        priority=wanted.priority,
        tags=tuple(wanted.tags),
        actor=key.actor,
        callback=_callback(wanted.callback, key),
    )
    try:
        answer = accept(action, invocation)
    except InvalidParams as error:
        raise error.moved(reading.below("params", error.problems)) from None
    return answering.accepted(request, answer, wait)


@router.post(
    "/actions/{name}/executions/bulk",
    response={202: AcceptedMany},
    operation_id="start_executions",
    openapi_extra=reads(body=StartMany, query=NoQuery, fails=(404, 409)),
)
def start_many(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for up to 1,000 executions: all are stored, or none is."""
    reading.known_names(NoQuery, request)
    key = require(request, "trigger", name)
    action = _action(name, key)
    wanted = reading.load(StartMany, reading.body(request, limits=reading.BULK_LIMITS))
    available_at = reading.moment(wanted.available_at)
    callback = _callback(wanted.callback, key)
    problems = [
        fault
        for index, item in enumerate(wanted.items)
        for fault in _faults(action, item.params, f"items[{index}].params")
    ]
    if problems:
        raise InvalidParams(action.name, problems)
    answers = accept_many(
        action,
        [
            Invocation(
                params=item.params,
                idempotency_key=item.idempotency_key,
                available_at=available_at,
                actor=key.actor,
                callback=callback,
            )
            for item in wanted.items
        ],
    )
    return respond({"items": [{"id": one.id, "replayed": one.replayed} for one in answers]}, status=202)


@router.get("/executions", response=Executions, operation_id="list_executions", openapi_extra=reads(query=ListQuery))
def list_executions(request: HttpRequest) -> HttpResponse:
    """Executions that the key may read, the newest first."""
    wanted = reading.query(ListQuery, request)
    key = key_of(request)
    query = search.parse(wanted.q, payload=key.sees_payload)
    for field, values_of in (
        ("state", wanted.status),
        ("action", (wanted.action,)),
        ("queue", (wanted.queue,)),
        ("tag", (wanted.tag,)),
        ("key", (wanted.idempotency_key,)),
    ):
        if any(values_of):
            query = query.having(field, *values_of)
    allowed = search.Allowed(key.patterns("read"))
    try:
        page = search.page(query, cursor=wanted.cursor, limit=wanted.limit, allowed=allowed)
    except search.InvalidQuery as error:
        raise InvalidInput("invalid_query", error.message, path="cursor") from None
    items = [{**row.as_dict(), "url": address(row.public_id)} for row in page.rows]
    return respond({"items": items, "next": page.next, "notes": list(page.sentences)})


@router.get(
    "/executions/{execution_id}",
    response=Execution,
    operation_id="show_execution",
    openapi_extra=reads(query=ShowQuery, headers=("Prefer",), fails=(404,)),
)
def show(request: HttpRequest, execution_id: str) -> HttpResponse:
    """One execution; with `wait`, once it has ended or the time is up; with `reveal`, also what is dotted otherwise."""
    reading.known_names(ShowQuery, request)
    wait = reading.asked_wait(request)
    whole = reading.asked_reveal(request)
    found = answering.seen(request, execution_id, whole=whole)
    if whole:
        view_payload(execution_id, actor=key_of(request).actor)
    headers = {"Preference-Applied": wait.applied} if wait.applied else None
    if wait.seconds and answering.open_still(found):
        endings.wait(execution_id, wait.seconds)
        found = answering.seen(request, execution_id, whole=whole)
    return respond(found, headers=headers)


@router.get(
    "/executions/{execution_id}/waits-for",
    response=WaitsFor,
    operation_id="why_execution_waits",
    openapi_extra=reads(query=NoQuery, fails=(404,)),
)
def waits_for(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Why it is not started now: pauses, workers, limits, its time, what is taken before it."""
    reading.query(NoQuery, request)
    found = answering.seen(request, execution_id)
    id_ = parse_id(found["id"])
    return respond({"items": [reason.as_json for reason in (holds.why(id_) if id_ else ())]})


def _action(name: str, key: Key) -> Action[Any, Any]:
    """The declared action. Raises NotTriggerable, and ActionNotFound with a likely other name among those that the key may
    trigger."""
    action = registry.get(name)
    if action is None:
        permitted = [other.name for other in registry if key.allows("trigger", other.name)]
        likely = get_close_matches(name[:100], permitted, n=1)
        hint = f" Did you mean {likely[0]}?" if likely else ""
        raise ActionNotFound(f"There is no action called {name[:100]!r}.{hint}")
    if action.untriggerable:
        raise NotTriggerable(f"{action.untriggerable} Nothing was stored.")
    return action


def _callback(sent: schemas.Callback | None, key: Key) -> Callback | Kept | None:
    """Whom the request says, or else the key that it came with."""
    return key.callback if sent is None else Callback(sent.url, sent.secret)


def _start(action: Action[Any, Any], sent: dict[str, Any]) -> Start:
    """The body as it should be. Raises InvalidInput with its faults and those of the params, all at once."""
    try:
        return reading.load(Start, sent)
    except InvalidInput as error:
        params = sent.get("params")
        if type(params) is dict:
            error.problems += tuple(_faults(action, params, "params"))
        raise


def _faults(action: Action[Any, Any], params: dict[str, Any], place: str) -> list[Problem]:
    try:
        action.params.load(values.dumps(params))
    except InvalidParams as error:
        return reading.below(place, error.problems)
    return []
