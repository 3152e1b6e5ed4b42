"""The page between a button and its act: what will happen, why, and nothing when the execution has changed since."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from actions.admin import show
from actions.admin.base import LookOnly, actor_of, require
from actions.desk.verbs import Act, Verb
from actions.errors import Forbidden, InvalidInput, ReasonRequired, Refused
from actions.queries import catalogue
from actions.queries.audit import last_word

if TYPE_CHECKING:
    from actions.models import Execution


def confirm(admin: LookOnly, request: HttpRequest, execution: "Execution", verb: Verb) -> HttpResponse:
    """GET shows what will happen; POST does it."""
    require(request, verb.name)
    action = catalogue.get(execution.action_id)
    form = verb.form(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        if not verb.offered(execution, action):
            return stale(admin, request, execution, f"{verb.label} is not possible: {execution} is {_now(execution)}.")
        if why := verb.refusal(execution, action):
            return stale(admin, request, execution, f"{verb.label} is not possible: {why}")
    elif not verb.judges_itself and (answer := _changed(request, execution)):
        return stale(admin, request, execution, answer)
    elif form.is_valid():
        seen = _number(request.POST.get("attempt", ""))
        try:
            done = verb.act(Act(execution.public_id, seen, actor_of(request), form.cleaned_data))
        except Forbidden as error:
            raise PermissionDenied(error.message) from None
        except Refused as error:
            return stale(admin, request, execution, error.message)
        except (ReasonRequired, InvalidInput) as error:
            field = "reason" if isinstance(error, ReasonRequired) else None
            form.add_error(field, error.message)
        else:
            messages.success(request, f"{execution}: {done}")
            admin.log_change(request, execution, f"{verb.label}: {form.cleaned_data['reason']}"[:2_000])
            return HttpResponseRedirect(show.execution_url(execution.public_id))
    context = {
        "title": f"{verb.label}: {execution.action_id}",
        "execution": execution,
        "verb": verb,
        "consequence": verb.consequence(execution, action),
        "form": form,
        "seen_status": request.POST.get("status", execution.status),
        "seen_attempt": request.POST.get("attempt", execution.attempt),
    }
    return admin.page(request, "confirm.html", context)


def stale(admin: LookOnly, request: HttpRequest, execution: "Execution", why: str) -> HttpResponse:
    """Nothing was done: the state now, and who moved it there."""
    execution.refresh_from_db(fields=["status", "attempt"])
    word = last_word(execution.pk)
    context = {"title": "Nothing was changed", "execution": execution, "why": why, "word": word}
    return admin.page(request, "stale.html", context, status=409)


def _changed(request: HttpRequest, execution: "Execution") -> str:
    """What has changed since the page was opened; empty when nothing has."""
    status, attempt = request.POST.get("status", ""), _number(request.POST.get("attempt", ""))
    if (status, attempt) == (execution.status, execution.attempt):
        return ""
    before = f"{status} (attempt {attempt})" if attempt >= 0 and status.isidentifier() else "in another state"
    return f"{execution} was {before[:40]} when you opened that page, and is {_now(execution)} now."


def _now(execution: "Execution") -> str:
    return f"{execution.get_status_display()} (attempt {execution.attempt})"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
