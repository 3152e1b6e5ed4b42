"""The form that triggers an action, for every face: fields by its schema, one execution per form."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.definitions.registry import registry
from actions.desk.asking import FORM_KEY, ask, asked, fresh_key, key_for_next, questions_of, sent_key
from actions.desk.forms.acts import OptionsForm
from actions.desk.forms.params import ParamsForm, Secret
from actions.desk.permit import actor_of
from actions.engine.operate.check import check
from actions.engine.operate.trigger import trigger
from actions.models import Action

_LONGEST_PREFILL = 4_000


def why_not(action: Action) -> str:
    """Why an action is not triggered here, as a sentence; empty where it is."""
    if not action.declared:
        return f"The code has no action {action.name} any more."
    return registry.untriggerable(action.name)


def trigger_form(
    request: HttpRequest, action: Action, *, page_of: Callable[[str], str]
) -> HttpResponseRedirect | dict[str, Any]:
    """GET: what the form shows, begun with what the address says (`?param-email=…`); POST makes the execution and goes to
    it, or what the form shows with every fault beside its field. With `check` among what was sent, nothing is made: the form
    shows what would become of it, as `foreseen`."""
    sent = request.POST if request.method == "POST" else None
    params = ParamsForm(questions_of(action), sent)
    for name, field in params.fields.items():
        if name in request.GET and not isinstance(field.widget, Secret):
            field.initial = request.GET[name][:_LONGEST_PREFILL]
    options = OptionsForm(sent)
    key = sent_key(request) if sent else fresh_key()
    foreseen = None
    # Both are asked, so that all faults show at once.
    if sent is not None and all([params.is_valid(), options.is_valid()]):
        said = options.cleaned_data
        # A derived key says better than the form's what the same request is.
        own = None if action.policies.get("derived_key") else key
        wanted: dict[str, Any] = {
            "actor": actor_of(request),
            "reason": said["reason"],
            "idempotency_key": said["idempotency_key"] or own,
            "available_at": said["available_at"],
        }
        sure = params.cleaned_data["params"]
        if "check" in request.POST:
            found = asked(params, options, lambda: check(action.name, sure, **wanted))
            foreseen = found and found.says
        else:
            answer = ask(
                request,
                params,
                options,
                lambda: trigger(action.name, sure, **wanted),
                accepted=words.TRIGGERED,
                page_of=page_of,
            )
            if answer is not None:
                return answer
    return {
        "title": f"Trigger {action.name}",
        "action": action,
        "explain": words.kind_means(action.kind, action.effects),
        "params": params,
        "options": options,
        "key_field": FORM_KEY,
        "key": key_for_next(request, options, key),
        "verb": "Trigger",
        "may_check": True,
        "foreseen": foreseen,
    }
