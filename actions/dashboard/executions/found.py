"""The list of executions: what fits a search, a page at a time, newest first."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from actions.dashboard.bulk import VERBS, Many
from actions.dashboard.executions.asked import Asked, list_of
from actions.dashboard.page import fragment, left, live, page
from actions.dashboard.routes import needs, route
from actions.desk.permit import actor_of, may
from actions.queries import search, views
from actions.queries.search.fields import FIELDS
from actions.queries.verdicts import FITS
from actions.states import Status

SECTION = "executions"
SHOWN = 50
"""Rows of one page."""
_MOST_PILLS = 9
"""Views above the list; the others are on their own page."""
_LOST = "This place in the list is none that a page has given; here is the first page."


@needs("view_execution")
def executions(request: HttpRequest) -> HttpResponse:
    """What fits `?q=`, from `?cursor=` on; without `?q=`, what this reader's list begins with. `?counts=1`: with numbers."""
    if live(request):
        return _live(request)
    user = actor_of(request).id
    # What is counted without scripts leaves out saved views: a page has its ten queries.
    known = views.Views(views.always(user), (), ()) if "counts" in request.GET else views.views(user)
    if "q" not in request.GET and known.preferred is not None:
        return HttpResponseRedirect(list_of(known.preferred.query))
    asked = Asked.of(request)
    planner = None if asked.query is None else search.Planner(asked.query, glance=True)
    numbers = (
        search.by_status(asked.query, planner=planner) if asked.query is not None and "counts" in request.GET else None
    )
    context = {
        **_rows(request, asked, planner),
        "title": "Executions",
        "known": known,
        "pills": (*known.mine, *known.shared, *known.system)[:_MOST_PILLS],
        "current": known.with_query(asked.canonical),
        "may_share": may(request, "share_views"),
        "fields": list(FIELDS.values()),
        "tabs": asked.tabs(numbers),
        "counted": numbers is not None,
    }
    return page(request, "executions.html", context, section=SECTION)


@needs("view_execution")
def counts(request: HttpRequest) -> HttpResponse:
    """The tabs with their numbers, asked for once the page is there."""
    asked = Asked.of(request)
    if asked.query is None:
        return HttpResponse(status=204)
    tabs = asked.tabs(search.by_status(asked.query, planner=search.Planner(asked.query, glance=True)))
    return fragment(request, "executions_tabs.html", {"tabs": tabs, "counted": True, "asked": asked})


@needs("view_execution")
def suggest(request: HttpRequest) -> HttpResponse:
    """What may stand in `?q=` at the character `?at=`: the options of the search box."""
    text = request.GET.get("q", "")
    at = request.GET.get("at", "")
    place = int(at) if at.isascii() and at.isdigit() and len(at) < 7 else len(text)
    return render(request, "console/executions_suggest.html", {"offered": search.suggestions(text, place)})


def _live(request: HttpRequest) -> HttpResponse:
    asked = Asked.of(request)
    planner = None if asked.query is None else search.Planner(asked.query, glance=True)
    gone = search.left(asked.query, left(request), planner) if asked.query is not None else []
    return fragment(request, "executions_live.html", {**_rows(request, asked, planner), "left": gone})


def _rows(request: HttpRequest, asked: Asked, planner: search.Planner | None = None) -> dict[str, Any]:
    """The rows, and what the table needs to show them."""
    shown = None if asked.query is None else _page(request, asked.query, planner)
    base = asked.text

    def beside(cursor: str | None) -> str:
        return list_of(base, cursor=cursor) if cursor else ""

    verbs = _verbs(request, asked.query)
    return {
        "asked": asked,
        "shown": shown,
        "newer": beside(shown.previous) if shown else "",
        "older": beside(shown.next) if shown else "",
        "verbs": verbs,
        "chooses": bool(verbs),
        "may_retry": may(request, "retry"),
        "here": request.get_full_path(),
    }


def _verbs(request: HttpRequest, query: search.Query | None) -> list[Many]:
    """What may be done to many here: the verbs of this reader that can be done in a status that the search asks for."""
    asked = query.statuses if query else None
    return [
        verb
        for verb in VERBS
        if may(request, verb.name) and (asked is None or not FITS[verb.name].isdisjoint(map(Status, asked)))
    ]


def _page(request: HttpRequest, query: search.Query, planner: search.Planner | None) -> search.Page:
    """The page at the cursor; the first one, with a note, for a cursor that is none of this list."""
    cursor = request.GET.get("cursor", "")
    try:
        return search.page(query, cursor=cursor, limit=SHOWN, planner=planner)
    except search.InvalidQuery:
        if not live(request):
            messages.warning(request, _LOST)
        return search.page(query, limit=SHOWN, planner=planner)


routes = [
    route("executions/", executions, "executions"),
    route("executions/counts/", counts, "executions-counts"),
    route("executions/suggest/", suggest, "executions-suggest"),
]
