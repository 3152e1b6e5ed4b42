"""The page that triggers an action: fields by its schema, one execution per form."""

from django.http import HttpRequest, HttpResponse

from actions import messages as words
from actions.admin import show
from actions.admin.base import LookOnly, actor_of, require
from actions.definitions.engine import Accepted
from actions.desk.asking import FORM_KEY, ask, fresh_key, key_for_next, questions_of, sent_key
from actions.desk.forms.acts import OptionsForm
from actions.desk.forms.params import ParamsForm
from actions.engine.operate.trigger import trigger
from actions.models import Action


def trigger_page(admin: LookOnly, request: HttpRequest, action: Action) -> HttpResponse:
    """GET shows the form; POST makes the execution, or shows every fault beside its field."""
    require(request, "trigger")
    sent = request.POST if request.method == "POST" else None
    params = ParamsForm(questions_of(action), sent)
    options = OptionsForm(sent)
    key = sent_key(request) if sent else fresh_key()
    # Both are asked, so that all faults show at once.
    if sent is not None and all([params.is_valid(), options.is_valid()]):

        def accept() -> Accepted:
            said = options.cleaned_data
            # A derived key says better than the form's what the same request is.
            own = None if action.policies.get("derived_key") else key
            return trigger(
                action.name,
                params.cleaned_data["params"],
                actor=actor_of(request),
                reason=said["reason"],
                idempotency_key=said["idempotency_key"] or own,
                available_at=said["available_at"],
            )

        answer = ask(request, params, options, accept, accepted=words.TRIGGERED, page_of=show.execution_url)
        if answer is not None:
            return answer
    context = {
        "title": f"Trigger {action.name}",
        "action": action,
        "explain": words.kind_means(action.kind, action.effects),
        "params": params,
        "options": options,
        "key_field": FORM_KEY,
        "key": key_for_next(request, options, key),
        "verb": "Trigger",
    }
    return admin.page(request, "trigger.html", context)
