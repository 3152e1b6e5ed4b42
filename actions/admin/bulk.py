"""retry, run now and cancel for many: a page with the count and the list, one reason, and what became of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from actions import messages as words
from actions.admin.base import LookOnly, actor_of, require
from actions.definitions.actor import Actor
from actions.desk.forms.acts import ReasonForm
from actions.engine.operate.cancel import cancel as cancel_one
from actions.engine.operate.retry import retry as retry_one
from actions.engine.operate.run_now import run_now as run_one_now
from actions.errors import DoplatformError, Forbidden
from actions.models import Execution
from actions.states import DUE, Status

if TYPE_CHECKING:
    from actions.admin.executions import ExecutionAdmin

MOST = 200
"""Each item is a verb of its own, in a transaction of its own: more would outlast a request."""


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one execution of many."""

    public_id: str
    action: str
    done: bool
    said: str


@dataclass(frozen=True, slots=True)
class Many:
    """A verb that is offered for a selection."""

    name: str
    label: str
    past: str
    act: Callable[[str, Actor, str, int], str]
    statuses: frozenset[Status]


def _retry(public_id: str, actor: Actor, reason: str, attempt: int) -> str:
    now = retry_one(public_id, actor=actor, reason=reason, seen_attempt=attempt)
    return words.retry_done(waits=now.status == Status.WAITING, step=now.parent is not None)


def _run_now(public_id: str, actor: Actor, reason: str, attempt: int) -> str:
    run_one_now(public_id, actor=actor, reason=reason, seen_attempt=attempt)
    return words.RUN_NOW


def _cancel(public_id: str, actor: Actor, reason: str, attempt: int) -> str:
    done = cancel_one(public_id, actor=actor, reason=reason, seen_attempt=attempt)
    return words.cancel_done(asked=done.asked, in_doubt=False, workflow=done.subject.is_workflow)


_ENDED = {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.SKIPPED, Status.IN_DOUBT}
_RETRY = Many("retry", "Retry", "retried", _retry, frozenset({Status.FAILED}))
_RUN_NOW = Many("run_now", "Run now", "made due", _run_now, DUE)
_CANCEL = Many("cancel", "Cancel", "cancelled", _cancel, frozenset(Status) - _ENDED)


@admin.action(description="Retry the selected executions", permissions=["retry"])
def retry(model_admin: "ExecutionAdmin", request: HttpRequest, queryset: QuerySet[Execution]) -> HttpResponse | None:
    """A new attempt for each that failed."""
    return _ask_and_act(model_admin, request, queryset, _RETRY)


@admin.action(description="Run the selected executions now", permissions=["run_now"])
def run_now(model_admin: "ExecutionAdmin", request: HttpRequest, queryset: QuerySet[Execution]) -> HttpResponse | None:
    """Each that waits for its time is due at once."""
    return _ask_and_act(model_admin, request, queryset, _RUN_NOW)


@admin.action(description="Cancel the selected executions", permissions=["cancel"])
def cancel(model_admin: "ExecutionAdmin", request: HttpRequest, queryset: QuerySet[Execution]) -> HttpResponse | None:
    """Stop each that has not ended."""
    return _ask_and_act(model_admin, request, queryset, _CANCEL)


def _ask_and_act(
    model_admin: LookOnly, request: HttpRequest, queryset: QuerySet[Execution], many: Many
) -> HttpResponse | None:
    require(request, many.name)
    chosen = list(queryset.order_by("-id")[: MOST + 1])
    if len(chosen) > MOST:
        messages.error(
            request, f"At most {MOST} executions can be {many.past} at once; nothing was changed. Narrow the list."
        )
        return None
    confirmed = request.POST.get("confirmed") == many.name
    form = ReasonForm(request.POST if confirmed else None)
    if confirmed and form.is_valid():
        return _act(model_admin, request, chosen, many, form.cleaned_data["reason"])
    fitting = sum(execution.status in many.statuses for execution in chosen)
    context = {
        "title": f"{many.label} {len(chosen)} execution{'' if len(chosen) == 1 else 's'}",
        "chosen": chosen,
        "fitting": fitting,
        "unfit": len(chosen) - fitting,
        "many": many,
        "statuses": [status.value for status in Status if status in many.statuses],
        "explain": words.EXPLAIN[many.name],
        "form": form,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return model_admin.page(request, "bulk.html", context)


def _act(model_admin: LookOnly, request: HttpRequest, chosen: list[Execution], many: Many, reason: str) -> HttpResponse:
    """One verb each: what was refused is skipped with why, and nothing is done that was not on the list."""
    actor = actor_of(request)
    items = [_one(request, execution, many, actor, reason) for execution in chosen]
    done = [item for item in items if item.done]
    by_id: dict[str, Any] = {execution.public_id: execution for execution in chosen}
    for item in done:
        model_admin.log_change(request, by_id[item.public_id], f"{many.label}: {reason}"[:2_000])
    context = {
        "title": f"{len(done)} {many.past}, {len(items) - len(done)} skipped",
        "items": items,
        "reason": reason,
    }
    return model_admin.page(request, "bulk_done.html", context)


def _one(request: HttpRequest, execution: Execution, many: Many, actor: Actor, reason: str) -> Item:
    seen = request.POST.get(f"seen-{execution.public_id}", "")
    if seen != f"{execution.status}:{execution.attempt}":
        said = f"It has changed since the list was shown; it is {execution.get_status_display()} now."
        return Item(execution.public_id, execution.action_id, False, said)
    try:
        said = many.act(execution.public_id, actor, reason, execution.attempt)
    except Forbidden:
        raise
    except DoplatformError as error:
        return Item(execution.public_id, execution.action_id, False, error.message)
    return Item(execution.public_id, execution.action_id, True, said)
