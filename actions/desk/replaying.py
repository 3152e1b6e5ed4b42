"""The forms that replay, for every face: an execution, or its workflow from a step on; trigger's, filled with what was asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.definitions.engine import Accepted
from actions.desk.asking import FORM_KEY, ask, fresh_key, key_for_next, questions_of, sent_key
from actions.desk.forms.acts import ReplayOptionsForm
from actions.desk.forms.params import ParamsForm
from actions.desk.forms.schema import Param
from actions.desk.payloads import sight
from actions.desk.permit import actor_of
from actions.engine import inputs
from actions.engine.operate.replay import replay
from actions.errors import Refused
from actions.ids import public_id
from actions.models import Execution
from actions.queries import catalogue

PageOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is replayed: the execution whose id this is, whole or from one of its steps on."""

    title: str
    explain: str
    id: str
    original: dict[str, Any]
    """The params that the form begins with."""
    from_step: str | None = None


def replay_form(
    request: HttpRequest, execution: Execution, *, page_of: PageOf
) -> HttpResponseRedirect | dict[str, Any]:
    """Do it once more. Params that came from other steps are shown as they came.

    GET: what the form shows; POST makes the new execution and goes to it. Raises Refused where its action is gone.
    """
    # Stored params of a step have marks in the places of results, which only its workflow understands.
    original = inputs.whole(execution.params, execution.inputs)
    title = f"Replay {execution.action_id}"
    return _form(request, execution, _Wish(title, words.EXPLAIN["replay"], execution.public_id, original), page_of)


def replay_from_form(
    request: HttpRequest, execution: Execution, *, page_of: PageOf
) -> HttpResponseRedirect | dict[str, Any]:
    """Do the workflow of this step once more, from this step on. Raises Refused for what is no step, as `replay_form`."""
    if execution.parent_id is None:
        raise Refused(f"{execution} is no step of a workflow.", status=execution.status)
    title = f"Replay the workflow from {execution.step}"
    above = public_id(execution.parent_id)
    wish = _Wish(title, words.EXPLAIN["replay_from"], above, execution.params, execution.step)
    return _form(request, execution, wish, page_of)


def _form(
    request: HttpRequest, execution: Execution, wish: _Wish, page_of: PageOf
) -> HttpResponseRedirect | dict[str, Any]:
    action = catalogue.get(execution.action_id)
    if action is None or not action.declared:
        raise Refused(f"There is no action {execution.action_id} any more to replay it with.", status=execution.status)
    seen = sight(request, execution)
    questions: list[Param] = questions_of(action) if seen.shown else []
    sent = request.POST if request.method == "POST" else None
    params = ParamsForm(questions, sent, original=wish.original)
    options = ReplayOptionsForm(sent)
    key = sent_key(request) if sent else fresh_key()
    if sent is not None and all([params.is_valid(), options.is_valid()]):
        edited: dict[str, Any] | None = params.cleaned_data["params"] if seen.shown else None
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

        said = words.REPLAYED.format(original=wish.id)
        answer = ask(request, params, options, accept, accepted=said, page_of=page_of)
        if answer is not None:
            return answer
    return {
        "title": wish.title,
        "action": action,
        "execution": execution,
        "explain": wish.explain,
        "params": params,
        "options": options,
        "unseen": not seen.shown,
        "sight": seen,
        "dropped": sorted(set(wish.original) - {param.name for param in questions}) if seen.shown else [],
        "key_field": FORM_KEY,
        "key": key_for_next(request, options, key),
        "verb": "Replay",
    }
