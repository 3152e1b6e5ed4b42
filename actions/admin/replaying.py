"""The page that replays an execution: the same form as trigger, filled with what was asked then."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from actions import messages as words
from actions.admin.asking import FORM_KEY, ask, fresh_key, key_for_next, questions_of, sent_key
from actions.admin.base import LookOnly, actor_of, may, require
from actions.admin.confirm import stale
from actions.admin.forms.acts import ReplayOptionsForm
from actions.admin.forms.params import ParamsForm
from actions.admin.forms.schema import Param
from actions.definitions.engine import Accepted
from actions.engine.operate.replay import replay
from actions.models import Execution
from actions.queries import catalogue


def replay_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponse:
    """GET shows the params to edit; POST makes the new execution. Who may not see params replays them unseen."""
    require(request, "replay")
    action = catalogue.get(execution.action_id)
    if action is None or not action.declared:
        return stale(admin, request, execution, f"There is no action {execution.action_id} any more to replay it with.")
    if execution.inputs:
        why = f"Params of {execution} come from other steps of its workflow: replay that instead."
        return stale(admin, request, execution, why)
    seen = may(request, "view_payload")
    questions: list[Param] = questions_of(action) if seen else []
    sent = request.POST if request.method == "POST" else None
    params = ParamsForm(questions, sent, original=execution.params)
    options = ReplayOptionsForm(sent)
    key = sent_key(request) if sent else fresh_key()
    if sent is not None and all([params.is_valid(), options.is_valid()]):
        edited: dict[str, Any] | None = params.cleaned_data["params"] if seen else None

        def accept() -> Accepted:
            said = options.cleaned_data
            return replay(
                execution.public_id,
                actor=actor_of(request),
                reason=said["reason"],
                params=edited,
                idempotency_key=said["idempotency_key"] or key,
            )

        answer = ask(request, params, options, accept, accepted=words.REPLAYED)
        if answer is not None:
            return answer
    context = {
        "title": f"Replay {action.name}",
        "action": action,
        "execution": execution,
        "explain": words.EXPLAIN["replay"],
        "params": params,
        "options": options,
        "unseen": not seen,
        "dropped": sorted(set(execution.params) - {param.name for param in questions}) if seen else [],
        "key_field": FORM_KEY,
        "key": key_for_next(request, options, key),
        "verb": "Replay",
    }
    return admin.page(request, "trigger.html", context)
