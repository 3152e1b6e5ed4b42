"""The form that tells a workflow an external event, for every face: one event per form, however often it is sent."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.desk.asking import FORM_KEY, fresh_key, sent_key
from actions.desk.forms.acts import EmitForm
from actions.desk.permit import actor_of
from actions.engine.operate.emit import Emitted, emit
from actions.errors import Forbidden, InvalidInput, ReasonRequired, Refused
from actions.models import Execution
from actions.queries import catalogue
from actions.states import FINISHED

_SENT_BEFORE = (
    "This form was sent before with another event, which was kept. Nothing was kept now; send it once more to tell this one "
    "too."
)


def emit_form(
    request: HttpRequest, execution: Execution, back: str, *, noted: Callable[[str], object] = lambda _: None
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows; POST tells the event and goes `back`. `noted` is told what was kept, and why.

    Raises Refused for what is no workflow, or has ended; PermissionDenied.
    """
    action = catalogue.get(execution.action_id)
    if action is None or action.kind != "workflow":
        raise Refused(f"{execution} is no workflow: it waits for no events.", status=execution.status)
    if request.method != "POST" and execution.status in FINISHED:
        raise Refused(
            f"{execution} is {execution.get_status_display()} already: it waits for no events any more.",
            status=execution.status,
        )
    sent = request.POST if request.method == "POST" else None
    form = EmitForm(sent, initial={"name": execution.awaited_event or ""})
    key = sent_key(request) if sent else fresh_key()
    if sent is not None and form.is_valid():
        done = _tell(request, execution, form, key)
        if done is not None:
            say = messages.success if done.new else messages.warning
            say(request, f"{execution}: {words.emit_done(new=done.new, goes_on=done.goes_on)}")
            if done.new:
                said = form.cleaned_data
                noted(f"Emit {said['name']}: {said['reason']}"[:2_000])
            return HttpResponseRedirect(back)
        # A second wish can be sent by the same page.
        key = fresh_key() if form.has_error(NON_FIELD_ERRORS, "sent_before") else key
    return {
        "title": f"Emit an event: {execution.action_id}",
        "execution": execution,
        "explain": words.EXPLAIN["emit"],
        "form": form,
        "key_field": FORM_KEY,
        "key": key,
    }


def _tell(request: HttpRequest, execution: Execution, form: EmitForm, key: str) -> Emitted | None:
    """Ask the engine; None when its answer stands at the fields. Raises Refused."""
    said = form.cleaned_data
    try:
        return emit(
            execution.public_id,
            said["name"],
            said["payload"],
            actor=actor_of(request),
            reason=said["reason"],
            idempotency_key=key,
        )
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except ReasonRequired as error:
        form.add_error("reason", error.message)
    except InvalidInput as error:
        if error.code == "idempotency_key_reused":
            form.add_error(None, ValidationError(_SENT_BEFORE, code="sent_before"))
        else:
            form.add_error(error.path if error.path in form.fields else None, error.message)
    return None
