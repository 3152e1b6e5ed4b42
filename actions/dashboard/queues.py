"""Queues and the workers that serve them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.frame import Frame
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk.crew import PERMISSION
from actions.desk.pausing import pause_form
from actions.desk.permit import may
from actions.queries import catalogue, crew, queues

SECTION = "queues"


@needs("view_queue")
def standing(request: HttpRequest) -> HttpResponse:
    """What waits where and how it goes on, and who is at work: all, or the workers of one `?state=`."""
    frame = Frame(request, SECTION)
    state = request.GET.get("state", "")
    state = state if state in crew.STATES else ""
    paces = queues.paces()
    context = {
        "title": "Queues and workers",
        "frame": frame,
        "queues": [(queue, paces.get(queue.name, queues.Pace())) for queue in queues.queues()],
        "limits": queues.limits(),
        "see_workers": may(request, "view_worker"),
        "workers": crew.workers(state) if may(request, "view_worker") else [],
        "state": state,
        "states": crew.STATES,
        "may_pause": may(request, "pause"),
        "may_manage": may(request, PERMISSION),
        "cap": queues.CAP,
    }
    if live(request):
        return fragment(request, "queues_live.html", context)
    return page(request, "queues.html", context, section=SECTION)


@needs("view_queue", "pause")
def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Let nothing in it start."""
    return _pausing(request, name, paused=True)


@needs("view_queue", "pause")
def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Let it go on."""
    return _pausing(request, name, paused=False)


def _pausing(request: HttpRequest, name: str, *, paused: bool) -> HttpResponse:
    queue = catalogue.queue(name)
    if queue is None:
        raise Http404("There is no such queue.")
    back = reverse("console:queues")
    answer = pause_form(request, queue, back, paused=paused)
    if not isinstance(answer, dict):
        return answer
    return page(request, "pause.html", {**answer, "crumbs": [("Queues", back)]}, section=SECTION)


routes = [
    route("queues/", standing, "queues"),
    route("workers/", standing, "workers"),
    route("queues/<str:name>/pause/", pause, "queue-pause"),
    route("queues/<str:name>/resume/", resume, "queue-resume"),
]
