"""How things stand: counts that lead to their lists, what waits for somebody, what failed last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from actions import panels
from actions.dashboard.charts import flow, window_of
from actions.dashboard.executions.asked import list_of, zone_of
from actions.dashboard.frame import Frame
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import logged_in, route
from actions.desk.permit import may, narrowed
from actions.messages import EXPLAIN
from actions.queries import failures, queues
from actions.queries.overview import Figure, figures
from actions.queries.troubles import Troubles, troubles
from actions.states import CHART, Status

_ALWAYS = frozenset(
    {Status.RETRYING, Status.RUNNING, Status.QUEUED, Status.FAILED, Status.IN_DOUBT, Status.SUCCEEDED, Status.CANCELLED}
)
"""Shown also where there is none."""
_SHOWN = 6
_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that leads to the list that it counts. `more`: at least so many; `about`: about so many."""

    number: int
    url: str
    status: str = ""
    label: str = ""
    """Instead of the status' own word."""
    icon: str = ""
    note: str = ""
    more: bool = False
    about: bool = False


def overview(request: HttpRequest) -> HttpResponse:
    """The page at `/`. Who may see nothing is told so, rather than refused at the door."""
    if not may(request, "view_execution"):
        return page(request, "nothing.html", {"title": "Overview"}, section="overview")
    frame = Frame(request, "overview")
    # Their numbers are those of all teams.
    waiting = [] if narrowed(request) else queues.queues()
    window = window_of(request)
    charts = flow(window)
    waits = troubles(_SHOWN)
    now, ended = figures(f"-{window.name}", zone=zone_of(request))
    context = {
        "title": "Overview",
        "frame": frame,
        "workers": frame.alarms.crew,
        "may": {verb: may(request, verb) for verb in ("retry", "resolve", "view_schedule")},
        "flow": charts,
        "failures": waits.failed,
        "open_failures": list_of(waits.query),
        "doubts": waits.in_doubt,
        "groups": failures.groups(size=_GROUPS).groups,
        "now": [*_now(now, waits, queues.overdue(waiting) if waiting else None), *_schedules(request, frame)],
        "ended": list(_ended(ended, sum(bucket.succeeded for bucket in charts["buckets"]))),
        "queues": waiting,
        "narrowed": narrowed(request),
    }
    if live(request):
        return fragment(request, "overview_live.html", context)
    return page(request, "overview.html", {**context, "panels": panels.shown(request, "overview")})


def _now(found: Sequence[Figure], waits: Troubles, late: queues.Overdue | None) -> Iterator[Tile]:
    """What stands so now, whatever its age."""
    yield Tile(waits.open, list_of(waits.query), Status.FAILED, "unhandled", more=waits.more)
    if late is not None:
        yield Tile(late.number, list_of(late.query), "late", more=late.more)
    yield from _tiles(found)


def _schedules(request: HttpRequest, frame: Frame) -> Iterator[Tile]:
    if frame.alarms.late and may(request, "view_schedule"):
        address = f"{reverse('console:schedules')}?state=late"
        yield Tile(frame.alarms.late, address, label="late", icon="timed_out", note="schedules")
    if frame.alarms.failing and may(request, "view_schedule"):
        yield Tile(frame.alarms.failing, f"{reverse('console:schedules')}?state=failing", "failing", note="schedules")


def _ended(found: Sequence[Figure], succeeded: int) -> Iterator[Tile]:
    """What became of what was accepted in the window; `succeeded`: how often the charts count that something did."""
    for tile in _tiles(found):
        # Of more than a count looks at, the charts know about how many there are.
        about = tile.status == Status.SUCCEEDED and tile.more and succeeded > tile.number
        yield replace(tile, number=succeeded, more=False, about=True) if about else tile


def _tiles(found: Sequence[Figure]) -> Iterator[Tile]:
    for one in found:
        if one.number or one.more or one.status in _ALWAYS:
            yield Tile(one.number, list_of(one.query), one.status, more=one.more)


def explanation(request: HttpRequest) -> HttpResponse:
    """Help: the words, the statuses, the keys."""
    verbs = {name.replace("_", " "): text for name, text in EXPLAIN.items()}
    context = {"title": "Help", "verbs": verbs, "states": list(CHART.values())}
    return page(request, "help.html", context)


routes = [
    route("", logged_in(overview), "overview"),
    route("help/", logged_in(explanation), "help"),
]
