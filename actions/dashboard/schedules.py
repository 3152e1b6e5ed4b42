"""Schedules: what is asked for by the clock, how it went, and the ways to make, change, pause, run and remove one."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions import messages as words
from actions.dashboard.acting import act, changed
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk.asking import FORM_KEY, fresh_key, sent_key
from actions.desk.forms.acts import ReasonForm
from actions.desk.pausing import pause_form
from actions.desk.payloads import sees_all
from actions.desk.permit import actor_of, may
from actions.desk.scheduling import schedule_form
from actions.desk.show import Payload
from actions.desk.triggering import why_not
from actions.engine.schedules.remove import remove
from actions.engine.schedules.run_now import run_now
from actions.errors import ActionNotFound, ScheduleNotFound
from actions.models import Action
from actions.queries import catalogue, schedules

SECTION = "schedules"
_TABS = (("", "All"), ("late", "Late"), ("failing", "Failing"), ("paused", "Paused"), ("code", "From the code"))
_FURTHEST = 1_000


@needs("view_schedule")
def listed(request: HttpRequest) -> HttpResponse:
    """All of them, those that come next first; `?state=`, `?action=`, `?skip=`."""
    state, action = request.GET.get("state", "")[:20], request.GET.get("action", "")[:100]
    skip = _number(request.GET.get("skip", ""))
    rows, more = schedules.listed(state=state, action=action, skip=skip)
    context = {
        "title": "Schedules",
        "rows": rows,
        "state": state,
        "action": action,
        "tabs": [(label, _address(name, action), name == state) for name, label in _TABS],
        "newer": _address(state, action, skip - schedules.PAGE) if skip else "",
        "older": _address(state, action, skip + schedules.PAGE) if more else "",
        "may": _permitted(request),
    }
    if live(request):
        return fragment(request, "schedules_live.html", context)
    return page(request, "schedules.html", context, section=SECTION)


@needs("view_schedule")
def schedule(request: HttpRequest, schedule: int) -> HttpResponse:
    """One of them: when it comes, with what, how it went."""
    shown = _find(schedule)
    seen = may(request, "view_execution")
    context = {
        "title": str(shown.row),
        "shown": shown,
        "row": shown.row,
        "moments": schedules.times(shown.row),
        "number": schedules.number_of_runs(shown.row.pk) if seen else None,
        "newest": list(reversed(shown.runs))[:10] if seen else [],
        "params": Payload(shown.row.params) if sees_all(request) else None,
        "own": not shown.row.declared or shown.row.withdrawn,
        "may": _permitted(request),
        "crumbs": [("Schedules", reverse("console:schedules"))],
    }
    if live(request):
        return fragment(request, "schedule_live.html", context)
    return page(request, "schedule.html", context, section=SECTION)


@needs("view_schedule", "manage_schedules", "trigger")
def new(request: HttpRequest) -> HttpResponse:
    """Make one: of which action, then when and with what."""
    crumbs = [("Schedules", reverse("console:schedules"))]
    name = request.GET.get("action", "")
    if not name:
        names = [row.name for row in catalogue.listed() if not why_not(row)]
        context = {"title": "New schedule", "names": names, "crumbs": crumbs}
        return page(request, "schedule_new.html", context, section=SECTION)
    try:
        action = catalogue.find(name)
    except ActionNotFound as error:
        raise Http404(error.message) from None
    back = reverse("console:action", args=[action.name])
    if refusal := why_not(action):
        return changed(request, refusal, {"title": f"New schedule of {action.name}", "back": back})
    return _form(request, action, None, back=reverse("console:schedules"), crumbs=crumbs)


@needs("view_schedule", "manage_schedules", "trigger")
def edit(request: HttpRequest, schedule: int) -> HttpResponse:
    """Let it come at other times, or with other params."""
    row = _find(schedule).row
    there = _page(row.pk)
    if row.declared:
        return changed(request, words.SCHEDULE_IN_CODE, {"title": f"Change {row}", "back": there})
    return _form(request, catalogue.find(row.action_id), row, back=there, crumbs=_crumbs(row))


@needs("view_schedule", "pause")
def pause(request: HttpRequest, schedule: int) -> HttpResponse:
    """Let its times pass."""
    return _pausing(request, schedule, paused=True)


@needs("view_schedule", "pause")
def resume(request: HttpRequest, schedule: int) -> HttpResponse:
    """Let it go on."""
    return _pausing(request, schedule, paused=False)


@needs("view_schedule", "trigger")
def run(request: HttpRequest, schedule: int) -> HttpResponse:
    """One execution at once, beside its times."""
    row = _find(schedule).row
    me, key = actor_of(request), sent_key(request)
    return _asked(
        request,
        row,
        lambda reason: run_now(row.pk, actor=me, reason=reason, idempotency_key=key),
        said=lambda done: words.TRIGGERED_BEFORE if done.replayed else words.TRIGGERED,
        to=lambda done: reverse("console:execution", args=[done.id]),
        frame={"title": f"Run {row} now", "explain": words.EXPLAIN["run_schedule"], "verb": "Run now", "icon": "play"},
    )


@needs("view_schedule", "manage_schedules")
def removed(request: HttpRequest, schedule: int) -> HttpResponse:
    """Forget it."""
    row = _find(schedule).row
    if row.declared and not row.withdrawn:
        return changed(request, words.SCHEDULE_IN_CODE, {"title": f"Remove {row}", "back": _page(row.pk)})
    me = actor_of(request)
    return _asked(
        request,
        row,
        lambda reason: remove(row.pk, actor=me, reason=reason),
        said=f"{row} is removed.",
        to=reverse("console:schedules"),
        frame={
            "title": f"Remove {row}",
            "explain": words.EXPLAIN["remove_schedule"],
            "verb": "Remove",
            "icon": "close",
            "danger": True,
        },
    )


def _asked(request: HttpRequest, row: Any, call: Any, *, said: Any, to: Any, frame: dict[str, Any]) -> HttpResponse:
    """A page that asks why, and then does it."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(request, form, lambda: call(form.cleaned_data["reason"]), said=said, to=to)
        if answer is not None:
            return answer
    key = sent_key(request) if request.method == "POST" else fresh_key()
    context = {
        "form": form,
        "row": row,
        "back": _page(row.pk),
        "crumbs": _crumbs(row),
        "key_field": FORM_KEY,
        "form_key": key,
        **frame,
    }
    return page(request, "schedule_act.html", context, section=SECTION)


def _form(request: HttpRequest, action: Action, row: Any, *, back: str, crumbs: Any) -> HttpResponse:
    answer = schedule_form(request, action, row, page_of=_page)
    if not isinstance(answer, dict):
        return answer
    return page(request, "schedule_form.html", {**answer, "back": back, "crumbs": crumbs}, section=SECTION)


def _pausing(request: HttpRequest, schedule: int, *, paused: bool) -> HttpResponse:
    row = _find(schedule).row
    answer = pause_form(request, row, _page(row.pk), paused=paused)
    if not isinstance(answer, dict):
        return answer
    return page(request, "pause.html", {**answer, "crumbs": _crumbs(row)}, section=SECTION)


def _find(schedule: int) -> schedules.Shown:
    try:
        return schedules.find(schedule)
    except ScheduleNotFound as error:
        raise Http404(error.message) from None


def _permitted(request: HttpRequest) -> dict[str, bool]:
    return {verb: may(request, verb) for verb in ("manage_schedules", "trigger", "pause", "view_execution")}


def _page(schedule: int) -> str:
    return reverse("console:schedule", args=[schedule])


def _crumbs(row: Any) -> list[tuple[str, str]]:
    return [("Schedules", reverse("console:schedules")), (str(row), _page(row.pk))]


def _address(state: str, action: str, skip: int = 0) -> str:
    asked = {name: value for name, value in (("state", state), ("action", action), ("skip", max(0, skip))) if value}
    return f"{reverse('console:schedules')}?{urlencode(asked)}"


def _number(text: str) -> int:
    return min(int(text), _FURTHEST) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


routes = [
    route("schedules/", listed, "schedules"),
    route("schedules/new/", new, "schedule-new"),
    route("schedules/<int:schedule>/", schedule, "schedule"),
    route("schedules/<int:schedule>/edit/", edit, "schedule-edit"),
    route("schedules/<int:schedule>/pause/", pause, "schedule-pause"),
    route("schedules/<int:schedule>/resume/", resume, "schedule-resume"),
    route("schedules/<int:schedule>/run/", run, "schedule-run"),
    route("schedules/<int:schedule>/remove/", removed, "schedule-remove"),
]
