"""Answers, read: a JSON object, or the error that it is. Whatever comes back, nothing else is raised than a DoError."""

import json
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import Any, NoReturn

from actions.client import errors
from actions.client.wire import Answer, Document, Request

BY_CODE: dict[str, type[errors.ApiError]] = {
    "action_disabled": errors.ActionDisabled,
    "action_not_found": errors.ActionNotFound,
    "already_finished": errors.AlreadyFinished,
    "execution_not_found": errors.ExecutionNotFound,
    "failure_consumed": errors.NotRetryable,
    "idempotency_in_progress": errors.IdempotencyInProgress,
    "idempotency_key_reused": errors.IdempotencyConflict,
    "invalid_params": errors.InvalidParams,
    "not_in_doubt": errors.NotInDoubt,
    "not_retryable": errors.NotRetryable,
}
BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequest,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.BadRequest,
    406: errors.BadRequest,
    408: errors.BadRequest,
    409: errors.Conflict,
    411: errors.BadRequest,
    413: errors.BadRequest,
    415: errors.BadRequest,
    422: errors.InvalidInput,
    429: errors.RateLimited,
    503: errors.Unavailable,
}


def read(answer: Answer, request: Request, home: str) -> Document:
    """The document of an answer. Raises the ApiError that it is, or UnreadableAnswer."""
    if not 200 <= answer.status < 300:
        raise refusal(answer, request)
    document = _json(answer.content)
    if not isinstance(document, dict):
        _unreadable(answer, request, home)
    return document


def refusal(answer: Answer, request: Request) -> errors.ApiError:
    """An answer that is no success, as the error to raise."""
    found = _json(answer.content)
    problem = found if isinstance(found, dict) else {}
    code = _text(problem.get("code")) or f"http_{answer.status}"
    family = errors.ServerError if answer.status >= 500 else errors.ApiError
    kind = BY_CODE.get(code) or BY_STATUS.get(answer.status) or family
    title = _text(problem.get("title")) or _phrase(answer.status)
    message = _text(problem.get("detail")) or f"The platform answered {answer.status} {title}".rstrip() + "."
    return kind(
        message,
        code=code,
        status=answer.status,
        request_id=_text(problem.get("request_id")) or answer.headers.get("x-request-id", ""),
        errors=_faults(problem.get("errors")),
        idempotency_key=request.key,
    )


def retry_after(answer: Answer) -> float | None:
    """The seconds of a Retry-After header, however it is written; None without one that makes sense."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def entries(document: Document, name: str) -> list[Document]:
    """A list of objects in a document. Raises UnreadableAnswer where there is none."""
    found = document.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise errors.UnreadableAnswer(f"The answer has no list {name!r}.", code="unreadable_answer")
    return found


def execution(document: Document) -> Document:
    """A document that is an execution. Raises UnreadableAnswer."""
    if not isinstance(document.get("id"), str) or not isinstance(document.get("status"), str):
        raise errors.UnreadableAnswer("The answer is no execution: it has no id and status.", code="unreadable_answer")
    return document


def _unreadable(answer: Answer, request: Request, home: str) -> NoReturn:
    kind = answer.headers.get("content-type", "no content type")[:100]
    raise errors.UnreadableAnswer(
        f"{home} answered {answer.status} with something that is no JSON object ({len(answer.content):,} bytes, {kind}). "
        "Is the base URL right?",
        code="unreadable_answer",
        status=answer.status,
        request_id=answer.headers.get("x-request-id", ""),
        idempotency_key=request.key,
    )


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _faults(listed: Any) -> tuple[errors.Fault, ...]:
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(
        errors.Fault(_text(one.get("path")), _text(one.get("message")), _text(one.get("code"))) for one in found
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
