"""Pages as templates inside the frame, and the fragments that keep them live."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render

from actions.dashboard.frame import Frame
from actions.desk.permit import shown_to
from actions.narrowing import reading


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, section: str = "", status: int = 200
) -> HttpResponse:
    """A whole page: `template` below templates/console/, with `frame`. `section`: the place in the navigation."""
    whole = {"frame": Frame(request, section), **(context or {})}
    # Pages that say what went wrong are made outside of their views.
    with reading(shown_to(request)):
        return render(request, f"console/{template}", whole, status=status)


def live(request: HttpRequest) -> bool:
    """Whether the page is open already, and asks for its live part only."""
    return request.headers.get("X-Live") == "1"


def left(request: HttpRequest, most: int = 100) -> list[str]:
    """The keys of rows that the page still shows and its last answer did not hold: where they stand now is asked as well."""
    return request.headers.get("X-Live-Left", "").split(",", most)[:most]


def fragment(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, ended: bool = False
) -> HttpResponse:
    """A part of a page, 304 where the browser has it already. `ended`: it will not change again, so nobody asks."""
    response = render(request, f"console/{template}", context or {})
    tag = f'"{hashlib.sha256(response.content).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    response["ETag"] = tag
    if ended:
        response["X-Live-Ended"] = "1"
    return response
