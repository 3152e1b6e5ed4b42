"""The form between a button and its act, for every face: what will happen, why, and nothing where the execution has changed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect

from actions.desk.permit import actor_of
from actions.desk.verbs import Act, Verb
from actions.errors import Forbidden, InvalidInput, ReasonRequired, Refused
from actions.models import Execution
from actions.queries import catalogue


def verb_form(
    request: HttpRequest,
    execution: Execution,
    verb: Verb,
    back: str,
    *,
    noted: Callable[[str], object] = lambda _: None,
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows; POST does it and goes `back`. `noted` is told what was done, and why.

    Raises Refused where the execution is not as it was seen, or the verb makes no sense now; PermissionDenied.
    """
    action = catalogue.get(execution.action_id)
    form = verb.form(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        if not verb.offered(execution, action):
            raise Refused(
                f"{verb.label} is not possible: {execution} is {standing(execution)}.", status=execution.status
            )
        if why := verb.refusal(execution, action):
            raise Refused(f"{verb.label} is not possible: {why}", status=execution.status)
    elif not verb.judges_itself and (answer := _changed(request, execution)):
        raise Refused(answer, status=execution.status)
    elif form.is_valid() and (done := _act(request, execution, verb, form)) is not None:
        messages.success(request, f"{execution}: {done}")
        noted(f"{verb.label}: {form.cleaned_data['reason']}"[:2_000])
        return HttpResponseRedirect(back)
    return {
        "title": f"{verb.label}: {execution.action_id}",
        "execution": execution,
        "action": action,
        "verb": verb,
        "consequence": verb.consequence(execution, action),
        "form": form,
        "seen_status": request.POST.get("status", execution.status),
        "seen_attempt": request.POST.get("attempt", execution.attempt),
    }


def standing(execution: Execution) -> str:
    """Its status in words."""
    handled = f", handled by {execution.handled_by}" if execution.handled else ""
    return f"{execution.get_status_display()} (attempt {execution.attempt}{handled})"


def _act(request: HttpRequest, execution: Execution, verb: Verb, form: Any) -> str | None:
    """What was done; None where the engine's answer stands at the fields. Raises Refused, PermissionDenied."""
    seen = _number(request.POST.get("attempt", ""))
    try:
        return verb.act(Act(execution.public_id, seen, actor_of(request), form.cleaned_data))
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except (ReasonRequired, InvalidInput) as error:
        form.add_error("reason" if isinstance(error, ReasonRequired) else None, error.message)
    return None


def _changed(request: HttpRequest, execution: Execution) -> str:
    """What has changed since the page was opened; empty when nothing has."""
    status, attempt = request.POST.get("status", ""), _number(request.POST.get("attempt", ""))
    if (status, attempt) == (execution.status, execution.attempt):
        return ""
    before = f"{status} (attempt {attempt})" if attempt >= 0 and status.isidentifier() else "in another state"
    return f"{execution} was {before[:40]} when you opened that page, and is {standing(execution)} now."


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
