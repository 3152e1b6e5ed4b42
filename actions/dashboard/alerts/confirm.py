"""The page that asks why before a rule or a channel is paused, disabled or removed, and says who was first where it was so."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from actions import messages as words
from actions.dashboard.acting import act, changed
from actions.dashboard.alerts.listed import SECTION, crumbs
from actions.dashboard.page import page
from actions.desk.forms.acts import ReasonForm
from actions.desk.permit import actor_of
from actions.models import AlertChannel, AlertRule


class Verb(NamedTuple):
    """What is done to a rule or a channel, and how the page looks that asks for it."""

    call: Callable[..., Any]
    """Answers False where it was so before."""
    icon: str
    danger: bool
    said: str
    """What is said once it is done, with a place for the name."""


def confirm(request: HttpRequest, row: AlertRule | AlertChannel, name: str, verb: Verb) -> HttpResponse:
    """GET asks why; POST does the verb called `name`, and goes back to the alerts."""
    back = reverse("console:alerts")
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: verb.call(row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"]) is not False,
            said=lambda done: verb.said.format(row.name) if done else "",
            to=lambda done: back if done else changed(request, f"{row.name} was {name}d before.", {"back": back}),
        )
        if answer is not None:
            return answer
    kind = "rule" if isinstance(row, AlertRule) else "channel"
    frame = {"verb": name.capitalize(), "icon": verb.icon, "danger": verb.danger}
    return asked(request, form, f"{name.capitalize()} {row.name}", words.EXPLAIN[f"{name}_{kind}"], **frame)


def asked(request: HttpRequest, form: ReasonForm, title: str, explain: str, **frame: Any) -> HttpResponse:
    """The page of a form about one rule or channel. `frame`: its button's verb, icon, and whether it is a danger."""
    context = {"title": title, "explain": explain, "form": form, "back": reverse("console:alerts"), "crumbs": crumbs()}
    return page(request, "key_act.html", {**context, **frame}, section=SECTION)
