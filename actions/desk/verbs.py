"""The verbs on one execution: what each is called, when it is offered, what it will do, and the engine's verb behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from actions import messages
from actions.definitions.actor import Actor
from actions.desk.forms.acts import ReasonForm, ResolveForm
from actions.engine.operate.cancel import cancel
from actions.engine.operate.handled import handle, reopen
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.models import Action, Execution
from actions.queries import workflows
from actions.states import DUE, Effects, Status


@dataclass(frozen=True, slots=True)
class Act:
    """One click: who, on which execution as it was seen, and what was said."""

    execution: str
    attempt: int
    actor: Actor
    said: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing an operator can do to an execution."""

    name: str
    """Its page, and its permission where that has no name of its own."""
    label: str
    statuses: frozenset[Status]
    act: Callable[[Act], str]
    """Calls the engine, and returns what it did as a sentence."""
    permission: str = ""
    fits: Callable[[Execution], bool] = lambda _: True
    """Whether it makes sense of one with such a status."""
    form: type[forms.Form] = ReasonForm
    danger: bool = False
    judges_itself: bool = False
    """Whether the engine compares the attempt that was seen, and knows who was first."""
    means: Callable[[Execution, Action | None], str] | None = None
    refuses: Callable[[Execution, str | None], str] | None = None
    """Why it is not offered although the status fits, by the kind of the action; empty where it is."""

    @property
    def needs(self) -> str:
        """The permission."""
        return self.permission or self.name

    @property
    def explain(self) -> str:
        """What the word means."""
        return messages.EXPLAIN[self.name]

    def offered(self, execution: Execution, action: Action | None) -> bool:
        """Whether it makes sense now."""
        if self.name == "force_stop" and effects_of(action) == Effects.DATABASE:
            return False
        return execution.status in self.statuses and self.fits(execution)

    def refusal(self, execution: Execution, action: Action | None) -> str:
        """Why it is not possible although it is offered to others in this status."""
        return self.refuses(execution, action.kind if action else None) if self.refuses else ""

    def consequence(self, execution: Execution, action: Action | None) -> str:
        """What will happen to this execution."""
        return self.means(execution, action) if self.means else ""


def effects_of(action: Action | None) -> str:
    """What an action does outside; the most careful answer for one that has no row any more."""
    return action.effects if action else Effects.EXTERNAL.value


def _retry(act: Act) -> str:
    now = retry(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.retry_done(waits=now.status == Status.WAITING, step=now.parent is not None)


def _run_now(act: Act) -> str:
    run_now(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.RUN_NOW


def _cancel(act: Act) -> str:
    done = cancel(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.cancel_done(asked=done.asked, in_doubt=False, workflow=done.subject.is_workflow)


def _force_stop(act: Act) -> str:
    done = cancel(act.execution, actor=act.actor, reason=act.said["reason"], force=True, seen_attempt=act.attempt)
    return messages.FORCED_IN_DOUBT if done.now == Status.IN_DOUBT else messages.CANCELLED


def _resolve(act: Act) -> str:
    resolve(
        act.execution,
        answer=Answer(act.said["answer"]),
        actor=act.actor,
        reason=act.said["reason"],
        result=act.said["result"],
        attempt=act.attempt,
    )
    return messages.RESOLVED


def _handle(act: Act) -> str:
    handle(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.HANDLED


def _reopen(act: Act) -> str:
    reopen(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.REOPENED


def _cancel_means(execution: Execution, action: Action | None) -> str:
    if action is not None and action.kind == "workflow":
        return _cancel_workflow_means(execution)
    said = messages.CANCEL_MEANS["idle"]
    if execution.status == Status.RUNNING:
        said = messages.CANCEL_MEANS["database" if effects_of(action) == Effects.DATABASE else "other"]
    if execution.parent_id is not None and not execution.detached:
        said += f" {messages.CANCEL_STEP_MEANS}"
    return said


def _cancel_workflow_means(execution: Execution) -> str:
    open_ = workflows.open_below(execution.pk)
    said = [messages.CANCEL_WORKFLOW_MEANS["running" if execution.status == Status.RUNNING else "idle"]]
    if open_.cancelled:
        said.append(f"{_steps(open_.cancelled)} that {_has(open_.cancelled)} not ended will be cancelled with it.")
    if open_.asked:
        said.append(f"{_steps(open_.asked)} at work outside will be asked to stop.")
    if open_.in_doubt:
        said.append(
            f"{_steps(open_.in_doubt)} in doubt will stay so: resolve {'it' if open_.in_doubt == 1 else 'them'}."
        )
    if not any((open_.cancelled, open_.asked, open_.in_doubt)):
        said.append("It has no step that has not ended.")
    return " ".join(said)


def _retry_means(execution: Execution, action: Action | None) -> str:
    if action is not None and action.kind == "workflow":
        return (
            "The steps that made it fail are tried again, with the same params, and it waits for them. If it failed by "
            "itself, its function is entered again. What has succeeded is not run again."
        )
    said = f"Attempt {execution.attempt + 1} starts when a worker is free, with the same params."
    if execution.parent_id is not None:
        said += " Its workflow goes on from there; finished steps are not run again."
    return said


def _steps(number: int) -> str:
    return f"{number:,} step{'' if number == 1 else 's'}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            name="retry",
            label="Retry",
            statuses=frozenset({Status.FAILED}),
            act=_retry,
            judges_itself=True,
            means=_retry_means,
            refuses=workflows.why_no_retry,
        ),
        Verb(
            name="resolve", label="Resolve doubt", statuses=frozenset({Status.IN_DOUBT}), act=_resolve, form=ResolveForm
        ),
        Verb(
            name="handle",
            label="Mark as handled",
            statuses=frozenset({Status.FAILED}),
            act=_handle,
            permission="triage",
            fits=lambda execution: not execution.handled,
        ),
        Verb(
            name="reopen",
            label="Reopen",
            statuses=frozenset({Status.FAILED}),
            act=_reopen,
            permission="triage",
            fits=lambda execution: execution.handled,
        ),
        Verb(name="run_now", label="Run now", statuses=DUE, act=_run_now),
        Verb(
            name="cancel",
            label="Cancel",
            statuses=DUE | {Status.BLOCKED, Status.WAITING, Status.RUNNING},
            act=_cancel,
            danger=True,
            means=_cancel_means,
        ),
        Verb(
            name="force_stop",
            label="Force stop",
            statuses=frozenset({Status.RUNNING}),
            act=_force_stop,
            danger=True,
            means=lambda _execution, action: messages.FORCE_MEANS[effects_of(action)],
        ),
    )
}
"""In the order of the buttons."""
