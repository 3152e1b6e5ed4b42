"""What every request brings, a page's as well as the API's: the address that it comes from, and the id that it goes by."""

import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from uuid_utils import uuid7

from actions import correlation

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_ADDRESS = 64


def address(request: HttpRequest) -> str:
    """The client's address. Behind a proxy (BEHIND_PROXY), the one that the proxy itself has seen: all before it is anybody's
    word."""
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()[:_LONGEST_ADDRESS]
    return str(request.META.get("REMOTE_ADDR") or "")


def id_of(request: HttpRequest) -> str:
    """The id that RequestId gave it; empty for a request that did not pass there."""
    return str(getattr(request, "request_id", ""))


class RequestId:
    """A middleware, the first one. Names every request: by the caller's X-Request-Id where that is a short token, else anew.

    The name stands in every line of the log, in the audit's entries of what is done in it, on pages and problem documents, and
    in the answer's header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        name = sent if _ID.fullmatch(sent) else f"req-{uuid7().hex}"
        request.request_id = name  # type: ignore[attr-defined]  # ours
        bound = structlog.contextvars.bind_contextvars(request_id=name)
        try:
            with correlation.within("request", name):
                response = self.get_response(request)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
        response.headers["X-Request-Id"] = name
        return response
