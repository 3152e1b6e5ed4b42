"""The verbs on one execution: what each is called, when it is offered, what it will do, and the engine's verb behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from actions import messages
from actions.admin.forms.acts import ReasonForm, ResolveForm
from actions.definitions.actor import Actor
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.models import Execution
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
    """Its permission and its page."""
    label: str
    statuses: frozenset[Status]
    act: Callable[[Act], str]
    """Calls the engine, and returns what it did as a sentence."""
    form: type[forms.Form] = ReasonForm
    danger: bool = False
    judges_itself: bool = False
    """Whether the engine compares the attempt that was seen, and knows who was first."""
    means: Callable[[Execution, str], str] | None = None

    @property
    def explain(self) -> str:
        """What the word means."""
        return messages.EXPLAIN[self.name]

    def offered(self, execution: Execution, effects: str) -> bool:
        """Whether it makes sense now."""
        if self.name == "force_stop" and effects == Effects.DATABASE:
            return False
        return execution.status in self.statuses

    def consequence(self, execution: Execution, effects: str) -> str:
        """What will happen to this execution."""
        return self.means(execution, effects) if self.means else ""


def _retry(act: Act) -> str:
    retry(act.execution, actor=act.actor, reason=act.said["reason"], seen_attempt=act.attempt)
    return messages.RETRIED


def _run_now(act: Act) -> str:
    run_now(act.execution, actor=act.actor, reason=act.said["reason"])
    return messages.RUN_NOW


def _cancel(act: Act) -> str:
    done = cancel(act.execution, actor=act.actor, reason=act.said["reason"])
    return messages.CANCEL_ASKED if done.asked else messages.CANCELLED


def _force_stop(act: Act) -> str:
    done = cancel(act.execution, actor=act.actor, reason=act.said["reason"], force=True)
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


def _cancel_means(execution: Execution, effects: str) -> str:
    if execution.status != Status.RUNNING:
        return messages.CANCEL_MEANS["idle"]
    return messages.CANCEL_MEANS["database" if effects == Effects.DATABASE else "other"]


def _retry_means(execution: Execution, _effects: str) -> str:
    return f"Attempt {execution.attempt + 1} starts when a worker is free, with the same params."


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
        ),
        Verb(
            name="resolve", label="Resolve doubt", statuses=frozenset({Status.IN_DOUBT}), act=_resolve, form=ResolveForm
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
            means=lambda _execution, effects: messages.FORCE_MEANS[effects],
        ),
    )
}
"""In the order of the buttons."""
