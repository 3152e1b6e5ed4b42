"""The verbs of an execution: one form each, made by desk; what has changed since is a page of its own, and nothing was done."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from actions.dashboard.acting import changed
from actions.dashboard.execution.detail import SECTION, find, revealed
from actions.dashboard.page import page
from actions.dashboard.routes import needs
from actions.desk import permit
from actions.desk.confirming import verb_form
from actions.desk.emitting import emit_form
from actions.desk.replaying import replay_form, replay_from_form
from actions.desk.verbs import VERBS
from actions.errors import Refused
from actions.models import Execution
from actions.queries.audit import last_word

_Answer = HttpResponseBase | dict[str, Any]


@needs("view_execution")
def verb(request: HttpRequest, id: str, verb: str) -> HttpResponseBase:  # noqa: A002  (it is the id)
    """GET says what will happen and asks why; POST does it."""
    if verb == "reveal":
        return revealed(request, find(id))
    if verb not in _FORMS:
        raise Http404("There is no such verb.")
    template, permission, form = _FORMS[verb]
    permit.require(request, permission)
    execution = find(id)
    if not permit.may(request, permission, permit.subject_of(execution)) and request.method != "POST":
        raise PermissionDenied(f"The access rule of this installation does not let you {verb.replace('_', ' ')} this.")
    back = _page_of(execution.public_id)
    crumbs = [("Executions", reverse("console:executions")), (execution.public_id, back)]
    try:
        answer = form(request, execution, verb, back)
    except Refused as error:
        execution.refresh_from_db(fields=["status", "attempt"])
        return changed(request, error.message, {"execution": execution, "word": last_word(execution.pk)})
    if not isinstance(answer, dict):
        return answer
    return page(request, template, {**answer, "back": back, "crumbs": crumbs}, section=SECTION)


def _page_of(execution_id: str) -> str:
    return reverse("console:execution", args=[execution_id])


def _confirmed(request: HttpRequest, execution: Execution, name: str, back: str) -> _Answer:
    answer = verb_form(request, execution, VERBS[name], back)
    if isinstance(answer, dict):
        answer["cause"] = (execution.error or {}).get("message", "")
    return answer


def _emitted(request: HttpRequest, execution: Execution, _name: str, back: str) -> _Answer:
    return emit_form(request, execution, back)


def _replayed(request: HttpRequest, execution: Execution, name: str, _back: str) -> _Answer:
    form = replay_from_form if name == "replay_from" else replay_form
    return form(request, execution, page_of=_page_of)


_FORMS: dict[str, tuple[str, str, Callable[[HttpRequest, Execution, str, str], _Answer]]] = {
    **{name: ("execution_verb.html", verb.needs, _confirmed) for name, verb in VERBS.items()},
    "emit": ("execution_emit.html", "emit", _emitted),
    "replay": ("execution_replay.html", "replay", _replayed),
    "replay_from": ("execution_replay.html", "replay", _replayed),
}
"""Template, permission and form of each verb."""
