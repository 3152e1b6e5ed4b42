"""Actions: what can be done, how it goes lately, and the ways to trigger, pause and resume."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions import panels
from actions.dashboard.acting import changed
from actions.dashboard.charts import flow, times, window_of
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk.pausing import pause_form
from actions.desk.permit import may
from actions.desk.show import Payload
from actions.desk.triggering import trigger_form, why_not
from actions.errors import ActionNotFound
from actions.messages import kind_means
from actions.models import Action
from actions.narrowing import Subject
from actions.queries import catalogue, pauses, schedules, stats

SECTION = "actions"


@dataclass(frozen=True, slots=True)
class Listed:
    """An action with what became of its newest executions."""

    action: Action
    recent: stats.Recent

    @property
    def summary(self) -> str:
        """The first line of its description."""
        return self.action.description.partition("\n")[0]

    @property
    def triggerable(self) -> bool:
        """Whether people ask for it."""
        return not why_not(self.action)


@needs("view_action")
def actions(request: HttpRequest) -> HttpResponse:
    """All that the code declares, by name; `?find=` by a part of the name or description, `?kind=`, `?state=`, `?tag=`."""
    chosen = {name: request.GET.get(name, "")[:100] for name in ("find", "kind", "state", "tag")}
    rows = catalogue.listed(**chosen)
    recent = stats.by_action([row.name for row in rows])
    context = {
        "title": "Actions",
        "rows": [Listed(row, recent[row.name]) for row in rows],
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "recent": stats.RECENT,
        "may_trigger": may(request, "trigger"),
        "may_pause": may(request, "pause"),
        "crumbs": [],
    }
    if live(request):
        return fragment(request, "actions_live.html", context)
    context["tags"] = pauses.tags()
    return page(request, "actions.html", context, section=SECTION)


@needs("view_action")
def action(request: HttpRequest, name: str) -> HttpResponse:
    """What it is, by the schema and policies of its code."""
    found, planned = _with_schedules(name)
    window = window_of(request)
    seen = may(request, "view_execution")
    context = {
        "title": found.name,
        "action": found,
        "meaning": kind_means(found.kind, found.effects),
        "recent": stats.by_action([found.name])[found.name],
        "newest": catalogue.newest(found.name) if seen else [],
        "flow": flow(window, action=found.name) if seen else None,
        "times": times(window, found.name) if seen else None,
        "params_schema": Payload(found.params_schema),
        "result_schema": Payload(found.result_schema),
        "may_trigger": may(request, "trigger", _subject(found)) and not why_not(found),
        "why_not": why_not(found) if found.declared else "",
        "may_pause": may(request, "pause", _subject(found)),
        "schedules": planned if may(request, "view_schedule") else [],
        "may_schedule": may(request, "trigger") and may(request, "manage_schedules") and not why_not(found),
        "crumbs": [("Actions", reverse("console:actions"))],
    }
    if live(request):
        return fragment(request, "action_live.html", context)
    context["panels"] = panels.shown(request, "action", found)
    return page(request, "action.html", context, section=SECTION)


@needs("view_action", "trigger")
def trigger(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for an execution by a form."""
    found = _find(name)
    back = reverse("console:action", args=[found.name])
    if not found.declared:
        raise Http404(why_not(found))
    if refusal := why_not(found):
        return changed(request, refusal, {"title": f"Trigger {found.name}", "back": back})
    answer = trigger_form(request, found, page_of=lambda id_: reverse("console:execution", args=[id_]))
    if not isinstance(answer, dict):
        return answer
    crumbs = [("Actions", reverse("console:actions")), (found.name, back)]
    return page(request, "trigger.html", {**answer, "back": back, "crumbs": crumbs}, section=SECTION)


@needs("view_action", "pause")
def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Let no execution of it start."""
    return _pausing(request, name, paused=True)


@needs("view_action", "pause")
def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Let them start again."""
    return _pausing(request, name, paused=False)


def _pausing(request: HttpRequest, name: str, *, paused: bool) -> HttpResponse:
    found = _find(name)
    back = reverse("console:action", args=[found.name])
    answer = pause_form(request, found, back, paused=paused)
    if not isinstance(answer, dict):
        return answer
    crumbs = [("Actions", reverse("console:actions")), (found.name, back)]
    return page(request, "pause.html", {**answer, "crumbs": crumbs}, section=SECTION)


def _subject(found: Action) -> Subject:
    return Subject("action", found.name, found.queue, tuple(found.tags))


def _find(name: str) -> Action:
    try:
        return catalogue.find(name)
    except ActionNotFound as error:
        raise Http404(error.message) from None


def _with_schedules(name: str) -> tuple[Action, list[schedules.Shown]]:
    try:
        return schedules.of_action(name)
    except ActionNotFound as error:
        raise Http404(error.message) from None


routes = [
    route("actions/", actions, "actions"),
    route("actions/<str:name>/", action, "action"),
    route("actions/<str:name>/trigger/", trigger, "trigger"),
    route("actions/<str:name>/pause/", pause, "action-pause"),
    route("actions/<str:name>/resume/", resume, "action-resume"),
]
