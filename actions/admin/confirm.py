"""The pages between a button and its act: the forms of desk in the admin's frame, and the page of what has changed."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from actions.admin import show
from actions.admin.base import LookOnly, require
from actions.desk.confirming import verb_form
from actions.desk.emitting import emit_form
from actions.desk.replaying import replay_form, replay_from_form
from actions.desk.verbs import Verb
from actions.errors import Refused
from actions.models import Execution
from actions.queries.audit import last_word

_Form = Callable[[], HttpResponseBase | dict[str, Any]]


def confirm(admin: LookOnly, request: HttpRequest, execution: Execution, verb: Verb) -> HttpResponseBase:
    """GET shows what will happen; POST does it."""
    require(request, verb.needs)
    back = show.execution_url(execution.public_id)
    note = _noted(admin, request, execution)
    return _page(
        admin, request, execution, "confirm.html", lambda: verb_form(request, execution, verb, back, noted=note)
    )


def emit_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponseBase:
    """GET asks which event; POST tells it, or shows every fault beside its field."""
    require(request, "emit")
    back = show.execution_url(execution.pk)
    note = _noted(admin, request, execution)
    return _page(admin, request, execution, "emit.html", lambda: emit_form(request, execution, back, noted=note))


def replay_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponseBase:
    """Do it once more."""
    require(request, "replay")
    return _page(
        admin, request, execution, "trigger.html", lambda: replay_form(request, execution, page_of=show.execution_url)
    )


def replay_from_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponseBase:
    """Do the workflow of this step once more, from this step on."""
    require(request, "replay")
    return _page(
        admin,
        request,
        execution,
        "trigger.html",
        lambda: replay_from_form(request, execution, page_of=show.execution_url),
    )


def stale(admin: LookOnly, request: HttpRequest, execution: Execution, why: str) -> HttpResponse:
    """Nothing was done: the state now, and who moved it there."""
    execution.refresh_from_db(fields=["status", "attempt"])
    word = last_word(execution.pk)
    context = {"title": "Nothing was changed", "execution": execution, "why": why, "word": word}
    return admin.page(request, "stale.html", context, status=409)


def _page(admin: LookOnly, request: HttpRequest, execution: Execution, template: str, form: _Form) -> HttpResponseBase:
    try:
        answer = form()
    except Refused as error:
        return stale(admin, request, execution, error.message)
    return admin.page(request, template, answer) if isinstance(answer, dict) else answer


def _noted(admin: LookOnly, request: HttpRequest, execution: Execution) -> Callable[[str], object]:
    return lambda text: admin.log_change(request, execution, text)
