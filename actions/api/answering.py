"""Responses: JSON, executions as clients see them, and the wait for an end before they are shown."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from actions.api import places
from actions.api.bearer import key_of
from actions.api.reading import Wait
from actions.definitions.engine import Accepted
from actions.engine import endings
from actions.engine.keys import Key
from actions.errors import ExecutionNotFound
from actions.queries import representation
from actions.states import ENDED

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def respond(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A JSON response."""
    response = HttpResponse(
        _encode(body).encode("utf-8", "backslashreplace"), status=status, content_type="application/json"
    )
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def address(execution_id: str) -> str:
    """Where an execution is looked at."""
    return f"{places.root()}/executions/{execution_id}"


def accepted(request: HttpRequest, answer: Accepted, wait: Wait) -> HttpResponse:
    """202 for what was stored; 200 for what had been stored before, or has ended within the wait."""
    headers = {"Location": address(answer.id)}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    if wait.applied:
        headers["Preference-Applied"] = wait.applied
    if wait.seconds > 0 and endings.wait(answer.id, wait.seconds):
        return respond(_shown(request, answer.id, own=True), headers=headers)
    if answer.row is not None and not wait.seconds:
        return respond(_clear(key_of(request), representation.fresh(answer.row), own=True), status=202, headers=headers)
    shown = _shown(request, answer.id, own=True)
    ended = wait.seconds > 0 and shown["status"] in ENDED
    return respond(shown, status=200 if answer.replayed or ended else 202, headers=headers)


def execution(request: HttpRequest, execution_id: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The execution as it stands."""
    return respond(_shown(request, execution_id), headers=headers)


def seen(request: HttpRequest, execution_id: str, *verbs: str, whole: bool = False) -> dict[str, Any]:
    """An execution that the key may read, or do one of `verbs` to; `whole`: with what is hidden, for which it has asked.

    Raises ExecutionNotFound, for others' too.
    """
    key = key_of(request)
    found = representation.find(execution_id)
    if not any(key.allows(verb, found["action"]) for verb in ("read", *verbs)):
        raise ExecutionNotFound(f"There is no execution {execution_id[:64]!r}.")
    return _clear(key, found, whole=whole)


def open_still(found: Mapping[str, Any]) -> bool:
    """Whether an end is still to come."""
    return found["status"] not in ENDED


def _shown(request: HttpRequest, execution_id: str, *, own: bool = False) -> dict[str, Any]:
    return _clear(key_of(request), representation.find(execution_id), own=own)


def _clear(key: Key, found: dict[str, Any], *, own: bool = False, whole: bool = False) -> dict[str, Any]:
    """What this key may see. A scope for a verb alone shows no params and no result, but of what it asked for itself (`own`);
    what is hidden here (REDACT_KEYS, REDACT) is dotted but for who sent it, and for who has asked for it (`whole`)."""
    found["url"] = address(found["id"])
    if not key.sees_payload or not (own or key.allows("read", found["action"])):
        found["params"] = found["result"] = None
    elif not (whole or _sent_by(key, found)):
        found = representation.dotted(found)
    return found


def _sent_by(key: Key, found: Mapping[str, Any]) -> bool:
    """Whether the params came from the owner of this key: not of a replay, of a step, or of a schedule that was run now."""
    asked = (found["actor"]["kind"], found["actor"]["id"]) == (key.actor.kind, key.actor.id)
    taken = found["replay_of"] or found["workflow"] or (found["idempotency_key"] or "").startswith("schedule:")
    return asked and not taken
