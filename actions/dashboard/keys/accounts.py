"""Service accounts, which own keys without being a person: made, disabled with all their keys, enabled again."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions import messages as words
from actions.dashboard.acting import act, changed
from actions.dashboard.keys.listed import SECTION, crumbs
from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.keys import AccountForm
from actions.desk.permit import actor_of
from actions.engine.keys.accounts import create_account, disable_account, enable_account
from actions.queries import keys


@needs("manage_keys")
def new(request: HttpRequest) -> HttpResponse:
    """Make an account."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        answer = act(
            request,
            form,
            lambda: create_account(
                said["name"], description=said["description"], actor=actor_of(request), reason=said["reason"]
            ),
            said=f"{said['name']} is made. It can own keys now.",
            to=reverse("console:keys"),
        )
        if answer is not None:
            return answer
    context = {
        "title": "New service account",
        "explain": words.EXPLAIN["create_account"],
        "form": form,
        "verb": "Make the account",
        "icon": "plus",
        "back": reverse("console:keys"),
        "crumbs": crumbs(),
    }
    return page(request, "key_act.html", context, section=SECTION)


def _switch(request: HttpRequest, name: str, *, off: bool) -> HttpResponse:
    account = keys.account(name)
    if account is None:
        raise Http404("There is no such service account.")
    verb, change = ("disable", disable_account) if off else ("enable", enable_account)
    back = reverse("console:keys")
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: change(account.name, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=lambda done: f"{account} is {verb}d." if done else "",
            to=lambda done: back if done else changed(request, f"{account} was {verb}d before.", {"back": back}),
        )
        if answer is not None:
            return answer
    context = {
        "title": f"{verb.capitalize()} {account}",
        "explain": words.EXPLAIN[f"{verb}_account"],
        "form": form,
        "verb": verb.capitalize(),
        "icon": "pause" if off else "play",
        "danger": off,
        "back": back,
        "crumbs": crumbs(),
    }
    return page(request, "key_act.html", context, section=SECTION)


routes = [
    route("keys/accounts/new/", new, "account-new"),
    route("keys/accounts/<str:name>/disable/", needs("manage_keys")(partial(_switch, off=True)), "account-disable"),
    route("keys/accounts/<str:name>/enable/", needs("manage_keys")(partial(_switch, off=False)), "account-enable"),
]
