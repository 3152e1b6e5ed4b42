"""Tags: what has one may be paused together."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.pausing import pause_form
from actions.engine.operate.pause import LONGEST_TAG
from actions.queries import pauses

SECTION = "actions"


@needs("view_action", "pause")
def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Let nothing start that has it."""
    return _pausing(request, name, paused=True)


@needs("view_action", "pause")
def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Let it start again."""
    return _pausing(request, name, paused=False)


def _pausing(request: HttpRequest, name: str, *, paused: bool) -> HttpResponse:
    if len(name) > LONGEST_TAG or "\x00" in name:
        raise Http404("There can be no such tag.")
    actions = reverse("console:actions")
    back = f"{actions}?{urlencode({'tag': name})}"
    answer = pause_form(request, pauses.tag(name), back, paused=paused)
    if not isinstance(answer, dict):
        return answer
    crumbs = [("Actions", actions), (f"tag {name}", back)]
    return page(request, "pause.html", {**answer, "crumbs": crumbs}, section=SECTION)


routes = [
    route("tags/<path:name>/pause/", pause, "tag-pause"),
    route("tags/<path:name>/resume/", resume, "tag-resume"),
]
