"""The pages that replay: an execution, or its workflow from a step on; the form of trigger, filled with what was asked then."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from actions import messages as words
from actions.admin import show
from actions.admin.base import LookOnly, actor_of, may, require
from actions.admin.confirm import stale
from actions.definitions.engine import Accepted
from actions.desk.asking import FORM_KEY, ask, fresh_key, key_for_next, questions_of, sent_key
from actions.desk.forms.acts import ReplayOptionsForm
from actions.desk.forms.params import ParamsForm
from actions.desk.forms.schema import Param
from actions.engine import inputs
from actions.engine.operate.replay import replay
from actions.ids import public_id
from actions.models import Execution
from actions.queries import catalogue


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is replayed: the execution whose id this is, whole or from one of its steps on."""

    title: str
    explain: str
    id: str
    original: dict[str, Any]
    """The params that the form begins with."""
    from_step: str | None = None


def replay_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponse:
    """Do it once more. Params that came from other steps are shown as they came."""
    # Stored params of a step have marks in the places of results, which only its workflow understands.
    original = inputs.whole(execution.params, execution.inputs)
    title = f"Replay {execution.action_id}"
    return _page(admin, request, execution, _Wish(title, words.EXPLAIN["replay"], execution.public_id, original))


def replay_from_page(admin: LookOnly, request: HttpRequest, execution: Execution) -> HttpResponse:
    """Do the workflow of this step once more, from this step on."""
    if execution.parent_id is None:
        require(request, "replay")
        return stale(admin, request, execution, f"{execution} is no step of a workflow.")
    title = f"Replay the workflow from {execution.step}"
    above = public_id(execution.parent_id)
    wish = _Wish(title, words.EXPLAIN["replay_from"], above, execution.params, execution.step)
    return _page(admin, request, execution, wish)


def _page(admin: LookOnly, request: HttpRequest, execution: Execution, wish: _Wish) -> HttpResponse:
    require(request, "replay")
    action = catalogue.get(execution.action_id)
    if action is None or not action.declared:
        return stale(admin, request, execution, f"There is no action {execution.action_id} any more to replay it with.")
    seen = may(request, "view_payload")
    questions: list[Param] = questions_of(action) if seen else []
    sent = request.POST if request.method == "POST" else None
    params = ParamsForm(questions, sent, original=wish.original)
    options = ReplayOptionsForm(sent)
    key = sent_key(request) if sent else fresh_key()
    if sent is not None and all([params.is_valid(), options.is_valid()]):
        edited: dict[str, Any] | None = params.cleaned_data["params"] if seen else None
        if wish.from_step is not None and edited == wish.original:
            edited = None

        def accept() -> Accepted:
            said = options.cleaned_data
            return replay(
                wish.id,
                actor=actor_of(request),
                reason=said["reason"],
                params=edited,
                idempotency_key=said["idempotency_key"] or key,
                from_step=wish.from_step,
            )

        answer = ask(request, params, options, accept, accepted=words.REPLAYED, page_of=show.execution_url)
        if answer is not None:
            return answer
    context = {
        "title": wish.title,
        "action": action,
        "execution": execution,
        "explain": wish.explain,
        "params": params,
        "options": options,
        "unseen": not seen,
        "dropped": sorted(set(wish.original) - {param.name for param in questions}) if seen else [],
        "key_field": FORM_KEY,
        "key": key_for_next(request, options, key),
        "verb": "Replay",
    }
    return admin.page(request, "trigger.html", context)
