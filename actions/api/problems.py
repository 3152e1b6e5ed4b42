"""What went wrong, as HTTP says it: one table, and RFC 9457 problem documents. Never a stack, never SQL."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import DisallowedHost
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse

from actions.api import places
from actions.errors import (
    DoplatformError,
    IdempotencyConflict,
    InvalidInput,
    Problem,
    RateLimited,
    Refused,
    Unauthenticated,
)

STATUS: dict[str, int] = {
    # What was sent cannot be read
    "invalid_json": 400,
    "invalid_body": 400,
    "invalid_encoding": 400,
    "too_deep": 400,
    "too_many_values": 400,
    "duplicate_key": 400,
    "invalid_number": 400,
    "number_out_of_range": 400,
    "nul_not_allowed": 400,
    "invalid_unicode": 400,
    "string_too_long": 400,
    "key_too_long": 400,
    "not_json": 400,
    "incomplete_body": 400,
    "invalid_content_length": 400,
    "invalid_host": 400,
    "invalid_query": 400,
    "invalid_wait": 400,
    "idempotency_key_required": 400,
    "idempotency_key_invalid": 400,
    # Who asks
    "unauthenticated": 401,
    "forbidden": 403,
    "read_only": 403,
    "https_required": 403,
    # What is asked for
    "not_found": 404,
    "action_not_found": 404,
    "queue_not_found": 404,
    "execution_not_found": 404,
    "schedule_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    # What its state does not allow
    "action_disabled": 409,
    "secret_unreadable": 409,
    "setting_missing": 409,
    "not_triggerable": 409,
    "schedule_declared": 409,
    "not_paused": 409,
    "pause_changed": 409,
    "idempotency_in_progress": 409,
    "length_required": 411,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    # What was read and makes no sense
    "invalid_request": 422,
    "invalid_params": 422,
    "invalid_available_at": 422,
    "invalid_event": 422,
    "not_a_workflow": 422,
    "step_not_found": 422,
    "reason_required": 422,
    "idempotency_key_reused": 422,
    "url_not_allowed": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "unavailable": 503,
    "database_unavailable": 503,
    "not_migrated": 503,
}
"""HTTP status by code. What is not here goes by its family below."""
FAMILIES: tuple[tuple[type[Exception], int], ...] = ((Refused, 409), (InvalidInput, 422))
RETRY_AFTER = {"idempotency_in_progress": "1", "unavailable": "2", "database_unavailable": "2", "not_migrated": "5"}
"""Seconds after which it is worth asking again."""
_TYPE = "urn:doplatform:problem:"

log = structlog.get_logger(__name__)


class Refusal(Exception):
    """A request that ends here, for a reason that HTTP alone knows."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.problems = tuple(problems)
        self.headers = dict(headers or {})


def status_of(error: Exception, code: str) -> int:
    """The HTTP status of an error with that code."""
    known = STATUS.get(code)
    if known is not None:
        return known
    return next((status for family, status in FAMILIES if isinstance(error, family)), 500)


def answer(error: Exception, *, request_id: str) -> HttpResponse:
    """The problem document that an exception becomes. What nobody expected is logged, and told as no more than that."""
    if isinstance(error, Refusal):
        return document(error.code, str(error), problems=error.problems, headers=error.headers, request_id=request_id)
    if isinstance(error, DoplatformError):
        return _of_family(error, request_id)
    if isinstance(error, Http404):
        return document("not_found", "There is nothing at this address.", request_id=request_id)
    if isinstance(error, DisallowedHost):
        return document("invalid_host", "This host is not served here.", request_id=request_id)
    if isinstance(error, (OperationalError, InterfaceError)):
        log.warning("database_away", error=str(error).strip()[:200], pause=0)
        return document(
            "unavailable",
            "The database does not answer. If this request was to change something, nobody knows whether it did: send it "
            "again with the same Idempotency-Key.",
            request_id=request_id,
        )
    log.error("api_failed", error=f"{type(error).__name__}: {error}"[:500], exc_info=error)
    detail = "Something went wrong here; it has been logged under this request's id."
    if isinstance(error, DatabaseError):
        detail = "The database refused what this request asked of it; it has been logged under this request's id."
    return document("internal_error", detail, request_id=request_id)


def _of_family(error: DoplatformError, request_id: str) -> HttpResponse:
    headers: dict[str, str] = {}
    members: dict[str, Any] = {}
    problems: tuple[Problem, ...] = ()
    code = error.code
    if isinstance(error, InvalidInput):
        problems = error.problems
    elif isinstance(error, Refused):
        members["execution_status"] = str(error.status)
    elif isinstance(error, IdempotencyConflict):
        members["original"] = error.original
        members["original_created_at"] = error.created_at
    elif isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="doplatform"'
    elif isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    status = status_of(error, code)
    if status == 500:
        log.error("api_failed", error=f"{type(error).__name__}: {error}"[:500], exc_info=error)
        return document("internal_error", "Something went wrong here; it has been logged.", request_id=request_id)
    if code == "idempotency_key_required":
        headers["Link"] = f'<{places.docs()}>; rel="help"'
    return document(
        code, error.message, status=status, problems=problems, headers=headers, members=members, request_id=request_id
    )


def document(
    code: str,
    detail: str,
    *,
    request_id: str,
    status: int | None = None,
    problems: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """An application/problem+json response; `status` is the table's where it is not given."""
    status = STATUS[code] if status is None else status
    errors = [{"path": fault.path, "message": fault.message, "code": fault.code} for fault in problems]
    body = {
        "type": f"{_TYPE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors,
        "request_id": request_id,
        **(members or {}),
    }
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace"),
        status=status,
        content_type="application/problem+json",
    )
    if code in RETRY_AFTER:
        response["Retry-After"] = RETRY_AFTER[code]
    for name, value in (headers or {}).items():
        response[name] = value
    return response
