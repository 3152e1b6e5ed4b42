"""What is said when something is refused, missing or broken: what happened, what was kept, what to do."""

import sys
from collections.abc import Iterator
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from actions import incoming
from actions.dashboard.frame import Look
from actions.dashboard.page import page
from actions.errors import DatabaseUnavailable
from actions.redaction import rule

RETRY_AFTER = 5
_LONGEST_KEPT = 100_000
_NOT_KEPT = ("csrfmiddlewaretoken", "form_key", "secret-field", "next")


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with what is missing."""
    why = str(exception) if exception and str(exception) else "Ask an administrator for the permission it needs."
    return _say(request, 403, "You are not permitted to do this", why)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    said = str(exception.args[0]) if exception and exception.args and isinstance(exception.args[0], str) else ""
    why = "The address is wrong, or what it led to was removed after its time."
    return _say(request, 404, "There is nothing here", why, note=said)


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    why = "It is malformed, or larger than this server takes in. Nothing was stored."
    return bare(request, 400, "That request cannot be read", why, note="Go back: your browser has kept what you typed.")


def too_large(request: HttpRequest) -> HttpResponse:
    """413."""
    return bare(request, 413, "That is too large", "No name and password are that long. Nothing was looked at.")


def broken(request: HttpRequest) -> HttpResponse:
    """500; or 503 where it was PostgreSQL that did not answer. Asks for nothing that could break again."""
    if any(isinstance(error, (OperationalError, InterfaceError, DatabaseUnavailable)) for error in _causes()):
        why = (
            "The database does not answer. What was confirmed is kept; what was not confirmed did not happen, "
            "or nobody knows: look before you try again."
        )
        response = bare(request, 503, "The database is away", why)
        response["Retry-After"] = str(RETRY_AFTER)
        return response
    why = "The fault is ours, and it is in the log. What was not confirmed did not happen; look before you try again."
    return bare(request, 500, "Something went wrong", why)


def foreign_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is old or not ours; what was typed is shown, so that it can be taken over."""
    context = {
        "title": "Your session changed",
        "typed": list(_typed(request)),
        "again": request.get_full_path() if request.headers.get("Sec-Fetch-Site") != "cross-site" else "",
        "look": Look.of(request),
    }
    return render(request, "console/csrf.html", context, status=403)


def bare(request: HttpRequest, status: int, title: str, why: str, *, note: str = "") -> HttpResponse:
    """A page without a frame, for which neither session nor database is asked."""
    return render(None, "console/problem_bare.html", _context(request, status, title, why, note), status=status)


def _say(request: HttpRequest, status: int, title: str, why: str, *, note: str = "") -> HttpResponse:
    context = _context(request, status, title, why, note)
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return render(None, "console/problem_bare.html", context, status=status)
    return page(request, "problem.html", context, status=status)


def _context(request: HttpRequest, status: int, title: str, why: str, note: str) -> dict[str, Any]:
    return {
        "status": status,
        "title": title,
        "why": why,
        "note": note,
        "again": request.get_full_path() if status in {500, 503} and request.method == "GET" else "",
        "request_id": incoming.id_of(request),
        "look": Look.of(request),
    }


def _typed(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Name and text of each field; nothing of secrets, and nothing of what another site has sent."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return
    secret = set(request.POST.getlist("secret-field"))
    for name, text in request.POST.items():
        param = name.removeprefix("param-")
        hidden = name in _NOT_KEPT or name in secret or rule().hides((param,), text)
        if not hidden and str(text).strip():
            yield param, str(text)[:_LONGEST_KEPT]


def _causes() -> Iterator[BaseException]:
    error = sys.exc_info()[1]
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
