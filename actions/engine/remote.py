"""The call of a remote action: one signed request, and what its answer says of the attempt."""

from datetime import UTC, datetime, timedelta
from typing import Any

from actions import values
from actions.definitions.context import Context
from actions.definitions.remote import RemoteAction
from actions.engine import secrets
from actions.errors import (
    AnswerUnfit,
    DoplatformError,
    GiveUp,
    RemoteFault,
    RemoteRefused,
    ResultInvalid,
    RetryLater,
    SettingMissing,
)
from actions.outside import rules
from actions.outside.exchange import Answer, send
from actions.outside.signature import is_secret, signed
from actions.states import Effects

_SHORTEST_WAIT = 1.0
_LONGEST_WAIT = 3_600.0
_PATIENCE = timedelta(hours=24)
"""For so long after it was accepted, waits that the other side asks for count as no tries; it may ask for ever."""


def call(action: RemoteAction, params: dict[str, Any], context: Context) -> Any:
    """The answer's result, of the declared type.

    Raises what `send` raises, and GiveUp, RetryLater, RemoteRefused (not done), RemoteFault, AnswerUnfit (done, perhaps).
    """
    endpoint = action.endpoint
    body = values.dumps(params).encode()
    headers = _headers(action, body, context)
    started = datetime.now(UTC)
    left = endpoint.timeout if context.remaining is None else min(endpoint.timeout, max(0.1, context.remaining))
    answer = send(endpoint.method, endpoint.url, headers=headers, body=body, rules=rules.current(), timeout=left)
    context.log(
        f"{endpoint.method} {endpoint.target.origin} answered {answer.status}",
        seconds=f"{(datetime.now(UTC) - started).total_seconds():.3f}",
    )
    if answer.good:
        return _result(action, answer)
    raise _refusal(action, answer, context)


def _headers(action: RemoteAction, body: bytes, context: Context) -> dict[str, str]:
    """The declared ones, and ours. Whatever in them is secret is dotted where the attempt's error shows it."""
    headers = {"Content-Type": "application/json", "User-Agent": "doplatform", "Accept": "application/json"}
    for name, text in action.endpoint.headers.items():
        headers[name], hidden = rules.filled(text)
        context.hidden.extend(secrets.texts(hidden))
    headers["Idempotency-Key"] = context.idempotency_key
    if action.endpoint.secrets:
        keys = [_secret(name) for name in action.endpoint.secrets]
        context.hidden.extend(keys)
        headers |= signed(body, message=context.idempotency_key, secrets=keys)
    return headers


def _secret(name: str) -> str:
    secret = rules.setting(name)
    if not is_secret(secret):
        raise SettingMissing(f"{name} is no signing secret (whsec_ and 24 to 64 bytes in base 64); nothing was sent.")
    return secret


def _result(action: RemoteAction, answer: Answer) -> Any:
    text = answer.body.decode("utf-8", "replace").strip() or "null"
    if action.takes_anything and "json" not in answer.headers.get("content-type", ""):
        # Nothing was declared, and nothing was promised: "OK" is a fine answer.
        return None
    try:
        result = action.result.load(text)
        action.result.dump(result)
    except (ValueError, RecursionError, ResultInvalid) as error:
        why = " ".join(str(error).split())[:300]
        raise AnswerUnfit(f"It answered {answer.status}, with what is no result of this action: {why}") from None
    return result


def _refusal(action: RemoteAction, answer: Answer, context: Context) -> DoplatformError:
    """What an answer that is no success means for the attempt."""
    said = f"It answered {answer.status}: {answer.excerpt()}" if answer.body else f"It answered {answer.status}."
    fault = answer.status >= 500 or answer.status < 200
    if answer.status in action.endpoint.undone or (fault and action.effects == Effects.REPEATABLE):
        wait = answer.retry_after
        if wait is not None and datetime.now(UTC) - context.now() < _PATIENCE:
            return RetryLater(min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT), said)
        return RemoteRefused(said)
    if fault:
        return RemoteFault(said)
    if answer.status < 400:
        return GiveUp(f"It answered {answer.status}, to another address; redirects are not followed.")
    return GiveUp(said)
