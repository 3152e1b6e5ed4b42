"""What every answer carries: where its parts may come from, that nobody keeps it, and the id of its request."""

import re
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TOKEN = re.compile(r"[A-Za-z0-9._:-]{1,64}")

Next = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """Names every request: by the caller's X-Request-Id where that is a short token, else by a new one."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-Id", "")
        name = sent if _TOKEN.fullmatch(sent) else uuid4().hex
        request.request_id = name  # type: ignore[attr-defined]  # ours, for pages and logs
        with structlog.contextvars.bound_contextvars(request_id=name):
            response = self.get_response(request)
        response.headers.setdefault("X-Request-Id", name)
        return response


class Headers:
    """The policy for content, and no-store. A view that needs another policy sets it itself, and is left alone.

    Stands inside whitenoise, whose files may be kept. nosniff and the referrer policy are SecurityMiddleware's.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
        return response
