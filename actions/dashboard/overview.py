"""How things stand: counts that lead to their lists, what waits for somebody, what failed last."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from actions import panels
from actions.dashboard.charts import flow, window_of
from actions.dashboard.frame import Frame
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import logged_in, route
from actions.desk.permit import may, narrowed
from actions.messages import EXPLAIN
from actions.queries import executions, failures, queues, stats
from actions.states import CHART, Status

_NEED_SOMEBODY = (Status.FAILED, Status.IN_DOUBT, Status.RETRYING)
_ALWAYS = frozenset({*_NEED_SOMEBODY, Status.RUNNING, Status.QUEUED, Status.SUCCEEDED})
_SHOWN = 6
_GROUPS = 4


def overview(request: HttpRequest) -> HttpResponse:
    """The page at `/`. Who may see nothing is told so, rather than refused at the door."""
    if not may(request, "view_execution"):
        return page(request, "nothing.html", {"title": "Overview"}, section="overview")
    frame = Frame(request, "overview")
    # Their numbers are those of all teams.
    waiting = [] if narrowed(request) else queues.queues()
    context = {
        "title": "Overview",
        "frame": frame,
        "workers": frame.alarms.crew,
        "may": {verb: may(request, verb) for verb in ("retry", "resolve", "view_schedule")},
        "flow": flow(window_of(request)),
        **_standing(),
        "late": queues.overdue(waiting) if waiting else None,
        "queues": waiting,
        "narrowed": narrowed(request),
    }
    if live(request):
        return fragment(request, "overview_live.html", context)
    return page(request, "overview.html", {**context, "panels": panels.shown(request, "overview")})


def _standing() -> dict[str, Any]:
    counts = stats.by_status()
    failed, doubts = executions.troubles(_SHOWN)
    return {
        "counts": [
            counts[status]
            for status in (*_NEED_SOMEBODY, *(status for status in counts if status not in _NEED_SOMEBODY))
            if counts[status].number or status in _ALWAYS
        ],
        "failures": failed,
        "groups": failures.groups(size=_GROUPS).groups,
        "doubts": doubts,
    }


def explanation(request: HttpRequest) -> HttpResponse:
    """Help: the words, the statuses, the keys."""
    verbs = {name.replace("_", " "): text for name, text in EXPLAIN.items()}
    context = {"title": "Help", "verbs": verbs, "states": list(CHART.values())}
    return page(request, "help.html", context)


routes = [
    route("", logged_in(overview), "overview"),
    route("help/", logged_in(explanation), "help"),
]
