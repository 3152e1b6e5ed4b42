"""What fails alike: groups of failures, what people say about them, and retries of all that stand failed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.acting import act
from actions.dashboard.executions.asked import list_of
from actions.dashboard.page import fragment, left, live, page
from actions.dashboard.routes import needs, route
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.until import UntilForm
from actions.desk.permit import actor_of, may
from actions.engine.operate import triage
from actions.errors import ErrorGroupNotFound
from actions.queries import failures as queries
from actions.queries import search
from actions.queries.failures import Group
from actions.queries.stats import CAP

SECTION = "failures"
_NEWEST = 20
"""Executions of a group that its page shows."""
_FOR = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30)}


class IgnoreForm(UntilForm):
    """For how long a group is nobody's business."""

    lengths = _FOR

    span = forms.ChoiceField(
        label="For how long?",
        choices=[
            ("hour", "One hour"),
            ("day", "One day"),
            ("week", "One week"),
            ("month", "30 days"),
            ("until", "Until the time below"),
            ("ever", "For good"),
        ],
        initial="day",
        widget=forms.RadioSelect,
    )


@dataclass(frozen=True, slots=True)
class Say:
    """What people may say about a group."""

    name: str
    label: str
    icon: str
    explain: str
    done: str
    form: type[ReasonForm] = ReasonForm


_SAYS = {
    say.name: say
    for say in (
        Say(
            "resolve",
            "Resolve",
            "check",
            "The cause is gone. The group leaves the list, and comes back as regressed when it fails again. Executions that "
            "stand failed stay so: retry them as well.",
            "Resolved. It comes back when it fails again.",
        ),
        Say(
            "ignore",
            "Ignore",
            "eye",
            "Out of the list for a while, however often it fails. Nothing else changes: executions fail and are kept as before.",
            "Ignored.",
            IgnoreForm,
        ),
        Say("reopen", "Reopen", "replay", "It needs somebody after all.", "Open again."),
    )
}


@needs("view_execution")
def failures(request: HttpRequest) -> HttpResponse:
    """The groups that stand open (`?state=` resolved, ignored), those that failed last first. `?action=`: of one action."""
    state, action = _asked(request)
    before = _place(request.GET.get("before", ""))
    shown = queries.groups(stands=state, action=action or None, before=before)
    here = _address(state, action)
    context: dict[str, Any] = {
        "title": "Failures",
        "groups": shown.groups,
        "state": state,
        "action": action,
        "newer": here if before else "",
        "older": f"{here}&before={shown.next[0].timestamp():.6f}-{shown.next[1]}" if shown.next else "",
        "hours": queries.HOURS,
        "here": request.get_full_path(),
    }
    if live(request):
        now = queries.named(left(request, queries.PAGE))
        return fragment(request, "failures_live.html", {**context, "left": [(one, one.stands != state) for one in now]})
    context |= {"tabs": _tabs(action), "counts": f"{reverse('console:failures-counts')}?{urlsplit(here).query}"}
    return page(request, "failures.html", context, section=SECTION)


@needs("view_execution")
def counts(request: HttpRequest) -> HttpResponse:
    """The tabs of the list with their numbers as they are now."""
    state, action = _asked(request)
    return fragment(request, "failures_tabs.html", {"tabs": _tabs(action), "state": state})


def _asked(request: HttpRequest) -> tuple[str, str]:
    """The state and the action that the address asks for."""
    state = request.GET.get("state", "open")
    return state if state in queries.STATES else "open", request.GET.get("action", "").replace("\x00", "")[:100]


def _tabs(action: str) -> list[tuple[str, str, int]]:
    numbers = queries.counts(action=action or None)
    return [(name, _address(name, action), numbers[name]) for name in queries.STATES]


@needs("view_execution")
def failure(request: HttpRequest, group: str) -> HttpResponse:
    """One group: how often and since when, what people said, and the newest executions that stand in it."""
    found = _find(group)
    query = f"group:{found.fingerprint} state:failed"
    shown = search.page(search.parse(f"group:{found.fingerprint}"), limit=_NEWEST)
    context = {
        "title": found.error_class.rpartition(".")[2] or found.code,
        "group": found,
        "shown": shown,
        "query": query,
        "list": list_of(query),
        "everything": list_of(f"group:{found.fingerprint}"),
        "unsettled": list_of(f"group:{found.fingerprint} state:in_doubt,retrying"),
        "says": [_SAYS[name] for name in _offered(found)] if may(request, "triage") else [],
        "may_retry": may(request, "retry"),
        "hours": queries.HOURS,
        "cap": CAP,
        "here": request.get_full_path(),
        "crumbs": [("Failures", reverse("console:failures"))],
    }
    if live(request):
        return fragment(request, "failure_live.html", context)
    return page(request, "failure.html", context, section=SECTION)


@needs("view_execution", "triage")
def say(request: HttpRequest, group: str, word: str) -> HttpResponse:
    """Resolve, ignore or reopen a group, with a note."""
    if word not in _SAYS:
        raise Http404("Nobody says that about failures.")
    found, said = _find(group), _SAYS[word]
    form = said.form(request.POST if request.method == "POST" else None)
    back = reverse("console:failure", args=[found.fingerprint])
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: _call(request, word, found, form.cleaned_data),
            said=lambda done: said.done if done else "Somebody had said so before. Nothing was changed.",
            to=back,
        )
        if answer is not None:
            return answer
    context = {
        "title": f"{said.label} this group",
        "say": said,
        "group": found,
        "form": form,
        "back": back,
        "crumbs": [("Failures", reverse("console:failures")), (found.error_class.rpartition(".")[2], back)],
    }
    return page(request, "failure_say.html", context, section=SECTION)


def _call(request: HttpRequest, word: str, found: Group, said: dict[str, Any]) -> bool:
    given: dict[str, Any] = {"actor": actor_of(request), "reason": said["reason"]}
    if word == "ignore":
        return triage.ignore_group(found.fingerprint, until=said["until"], **given)
    verb = triage.resolve_group if word == "resolve" else triage.reopen_group
    return verb(found.fingerprint, **given)


def _offered(found: Group) -> tuple[str, ...]:
    return ("resolve", "ignore") if found.stands == "open" else ("reopen",)


def _find(group: str) -> Group:
    try:
        return queries.group(group)
    except ErrorGroupNotFound as error:
        raise Http404(error.message) from None


def _address(state: str, action: str) -> str:
    base = f"{reverse('console:failures')}?state={state}"
    return f"{base}&action={action}" if action else base


def _place(text: str) -> tuple[datetime, str] | None:
    """Where a page begins, as the one before has said; None for what none has."""
    at, _, fingerprint = text.partition("-")
    try:
        return (datetime.fromtimestamp(float(at), UTC), fingerprint) if fingerprint.isalnum() else None
    except (ValueError, OverflowError, OSError):
        return None


routes = [
    route("failures/", failures, "failures"),
    route("failures/counts/", counts, "failures-counts"),
    route("failures/<str:group>/", failure, "failure"),
    route("failures/<str:group>/<str:word>/", say, "failure-say"),
]
