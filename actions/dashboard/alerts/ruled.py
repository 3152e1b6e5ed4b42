"""Rules are made, changed, paused, resumed and removed."""

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.acting import act
from actions.dashboard.alerts.confirm import Verb, confirm
from actions.dashboard.alerts.listed import SECTION, crumbs
from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.forms.alerts import RuleForm
from actions.desk.permit import actor_of
from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.rules.change import change as change_rule
from actions.engine.alerts.rules.create import create
from actions.engine.alerts.rules.pause import pause, resume
from actions.engine.alerts.rules.remove import remove
from actions.models import AlertRule
from actions.queries import alerts, catalogue

_HERE = "view_execution", "manage_alerts"


@needs(*_HERE, whole=True)
def kinds(request: HttpRequest) -> HttpResponse:
    """What can be watched for."""
    context = {
        "title": "New alert rule",
        "kinds": [(kind, about) for kind, about in KINDS.items()],
        "back": reverse("console:alerts"),
        "crumbs": crumbs(),
    }
    return page(request, "alert_kinds.html", context, section=SECTION)


@needs(*_HERE, whole=True)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Make a rule of one kind."""
    if kind not in KINDS:
        raise Http404("There is no such kind of alert rule.")
    form = RuleForm(kind, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: create(kind, form.wanted, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=f"{form.cleaned_data['name']} watches from now on.",
            to=reverse("console:alerts"),
        )
        if answer is not None:
            return answer
    context = {"title": KINDS[kind].label, "verb": "Make the rule", "icon": "plus"}
    return _form(request, kind, form, context, [*crumbs(), ("New alert rule", reverse("console:alert-kinds"))])


@needs(*_HERE, whole=True)
def change(request: HttpRequest, rule: int) -> HttpResponse:
    """Let it watch for something else of its kind, or tell others."""
    row = _find(rule)
    form = RuleForm(row.kind, request.POST if request.method == "POST" else None, rule=row)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: change_rule(row.pk, form.wanted, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=lambda done: f"{form.cleaned_data['name']} is changed." if done else "It was so before.",
            to=reverse("console:alerts"),
        )
        if answer is not None:
            return answer
    context = {"title": f"Change {row.name}", "verb": "Change the rule", "icon": "check"}
    return _form(request, row.kind, form, context, crumbs())


def _form(request: HttpRequest, kind: str, form: RuleForm, context: dict[str, Any], way: Any) -> HttpResponse:
    whole = {
        "explain": KINDS[kind].explain,
        "form": form,
        "names": _names(),
        "back": reverse("console:alerts"),
        "crumbs": way,
        **context,
    }
    return page(request, "alert_rule.html", whole, section=SECTION)


def _names() -> list[tuple[str, str]]:
    """What a rule may be about, and what that is."""
    actions = catalogue.listed()
    queues, tags = {action.queue for action in actions}, {tag for action in actions for tag in action.tags}
    return [
        *((action.name, "action") for action in actions),
        *((name, "queue") for name in sorted(queues)),
        *((name, "tag") for name in sorted(tags)),
    ]


_ENDS = {
    "pause": Verb(pause, "pause", True, "{} is paused: it tells nothing until somebody resumes it."),
    "resume": Verb(resume, "play", False, "{} watches again, from now on."),
    "remove": Verb(remove, "close", True, "{} is removed."),
}


def _act(request: HttpRequest, rule: int, *, verb: str) -> HttpResponse:
    return confirm(request, _find(rule), verb, _ENDS[verb])


def _find(rule: int) -> AlertRule:
    row = alerts.rule(rule) if rule < 2**63 else None
    if row is None:
        raise Http404("There is no such alert rule.")
    return row


routes = [
    route("alerts/rules/new/", kinds, "alert-kinds"),
    route("alerts/rules/new/<str:kind>/", new, "alert-rule-new"),
    route("alerts/rules/<int:rule>/", change, "alert-rule"),
    route(
        "alerts/rules/<int:rule>/pause/",
        needs("view_execution", "pause", whole=True)(partial(_act, verb="pause")),
        "alert-rule-pause",
    ),
    route(
        "alerts/rules/<int:rule>/resume/",
        needs("view_execution", "pause", whole=True)(partial(_act, verb="resume")),
        "alert-rule-resume",
    ),
    route(
        "alerts/rules/<int:rule>/remove/", needs(*_HERE, whole=True)(partial(_act, verb="remove")), "alert-rule-remove"
    ),
]
