"""Keys are made, rotated and revoked, and told whom to tell. A key's text is in one answer to a POST, and nowhere else."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from actions import messages as words
from actions.dashboard.acting import act, changed
from actions.dashboard.keys.listed import SECTION, Shown, crumbs, find
from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.asking import FORM_KEY, fresh_key, sent_key
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.keys import CallbackForm, RotateForm
from actions.desk.forms.scopes import ScopesForm
from actions.desk.permit import actor_of, may
from actions.engine.keys import scopes
from actions.engine.keys.callback import set_callback
from actions.engine.keys.create import NewKey, create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.models import Access
from actions.queries import catalogue


@needs("manage_keys")
def new(request: HttpRequest) -> HttpResponse:
    """Make a key: for whom, what it may do, for how long, why."""
    me = actor_of(request)
    form = ScopesForm(request.POST if request.method == "POST" else None, me=me, permissions=_permissions(request))

    def call() -> NewKey:
        return create(**form.chosen, actor=me, once=f"{me.principal} {sent_key(request)}")

    context = {"title": "New API key", "explain": words.EXPLAIN["create_key"], "crumbs": crumbs()}
    return _ask(request, "key_new.html", form, call, context)


@needs("manage_keys")
def second(request: HttpRequest, key: str) -> HttpResponse:
    """Rotate: a second key beside this one, which ends by itself."""
    row = find(key)
    me = actor_of(request)
    form = RotateForm(request.POST if request.method == "POST" else None)

    def call() -> NewKey:
        said = form.cleaned_data
        return rotate(
            row.pk,
            overlap=said["overlap"],
            days=said["days"],
            actor=me,
            reason=said["reason"],
            once=f"{me.principal} {sent_key(request)}",
        )

    context = {
        "title": f"Rotate {row}",
        "explain": words.EXPLAIN["rotate_key"],
        "shown": Shown(row),
        "verb": "Make the second key",
        "icon": "retry",
        "back": reverse("console:key", args=[row.pk]),
        "crumbs": crumbs(row),
    }
    return _ask(request, "key_act.html", form, call, context)


@needs("manage_keys")
def told(request: HttpRequest, key: str) -> HttpResponse:
    """Whom the ends of what is asked with it are told to."""
    row = find(key)
    back = reverse("console:key", args=[row.pk])
    form = CallbackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.callback
        answer = act(
            request,
            form,
            lambda: set_callback(row.pk, wanted, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=lambda done: words.key_tells(str(row), told=wanted is not None) if done else "",
            to=back,
        )
        if answer is not None:
            return answer
    context = {
        "title": f"Callback of {row}",
        "explain": words.EXPLAIN["key_callback"],
        "form": form,
        "shown": Shown(row),
        "verb": "Change the callback",
        "icon": "bell",
        "back": back,
        "crumbs": crumbs(row),
    }
    return page(request, "key_act.html", context, section=SECTION)


@needs("manage_keys")
def ended(request: HttpRequest, key: str) -> HttpResponse:
    """Revoke it, for ever."""
    row = find(key)
    back = reverse("console:key", args=[row.pk])
    if row.revoked_at:
        return _too_late(request, row, back)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: revoke(row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=lambda done: f"{row} is revoked: refused everywhere within a second." if done else "",
            to=lambda done: back if done else _too_late(request, find(row.pk), back),
        )
        if answer is not None:
            return answer
    context = {
        "title": f"Revoke {row}",
        "explain": words.EXPLAIN["revoke_key"],
        "form": form,
        "shown": Shown(row),
        "verb": "Revoke",
        "icon": "close",
        "danger": True,
        "back": back,
        "crumbs": crumbs(row),
    }
    return page(request, "key_act.html", context, section=SECTION)


def _ask(
    request: HttpRequest, template: str, form: Form, call: Callable[[], NewKey], context: dict[str, Any]
) -> HttpResponse:
    """The form; a POST makes the key and shows its text, or the form with every fault at its field."""
    if request.method == "POST" and form.is_valid():
        answer = act(request, form, call, said="", to=lambda made: _show_once(request, made))
        if answer is not None:
            return answer
    names = [action.name for action in catalogue.listed()] if template == "key_new.html" else []
    key = sent_key(request) if request.method == "POST" else fresh_key()
    whole = {**context, "form": form, "names": names, "key_field": FORM_KEY, "form_key": key}
    return page(request, template, whole, section=SECTION)


def _show_once(request: HttpRequest, made: NewKey) -> HttpResponse:
    """The only page that ever holds a key's text: an answer to a POST, which nobody keeps."""
    row = find(made.id)
    context = {"title": f"{row} was made", "shown": Shown(row), "text": made.text, "crumbs": crumbs()}
    answer = page(request, "key_made.html", context, section=SECTION)
    answer["Cache-Control"] = "no-store, private"
    return answer


def _too_late(request: HttpRequest, row: Any, back: str) -> HttpResponse:
    return changed(request, f"{row} was revoked before, by {row.revoked_by}: {row.revoked_reason}", {"back": back})


def _permissions(request: HttpRequest) -> list[str]:
    """What this person may, and so may let a key do."""
    known = {name for name, _ in Access._meta.permissions} | {scopes.permission("action:*:read")}
    return [verb for verb in sorted(known) if may(request, verb)]


routes = [
    route("keys/new/", new, "key-new"),
    route("keys/<str:key>/rotate/", second, "key-rotate"),
    route("keys/<str:key>/callback/", told, "key-callback"),
    route("keys/<str:key>/revoke/", ended, "key-revoke"),
]
