"""resolve: say how an execution in doubt really ended."""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from actions import redaction, values
from actions.definitions.actor import Actor
from actions.definitions.context import Context
from actions.definitions.resolution import Resolution, Verdict
from actions.engine import access, inputs, ledger, secrets
from actions.engine.advance import advance_one, lock
from actions.engine.aftermath import follow, wake_later
from actions.engine.operate.subject import Subject, find, permitted
from actions.engine.statements import fetch
from actions.errors import GiveUp, NotInDoubt, RetryLater
from actions.models import Execution
from actions.states import Status

if TYPE_CHECKING:
    from actions.definitions.action import Action

_ASK_AGAIN = 30.0


class Answer(StrEnum):
    """What is said about the doubt."""

    HAPPENED = "happened"
    RUN_AGAIN = "run_again"
    GIVE_UP = "give_up"


_AFTER = {
    Answer.HAPPENED: Status.SUCCEEDED,
    Answer.RUN_AGAIN: Status.QUEUED,
    Answer.GIVE_UP: Status.FAILED,
}


def resolve(
    execution_id: str,
    *,
    answer: Answer,
    actor: Actor,
    reason: str = "",
    result: Any = None,
    attempt: int | None = None,
    tries: int = 0,
    delay: float = 0.0,
) -> Subject:
    """It happened (with this result): succeeded. It did not, run it again: queued. Give up: failed.

    `attempt` is the one that the answer is about; another one is refused. `tries` are counted against its retry policy;
    what is run again waits `delay` seconds. Raises NotInDoubt with the state now.
    """
    after = _AFTER[answer]
    with access.acting():
        subject, reason = permitted(execution_id, actor, "resolve", reason)
        values.check(result)
        lock([subject.parent])
        if after == Status.QUEUED and fetch("asked_to_stop", {"ids": [subject.id]}):
            # Its workflow was cancelled, or it alone: it did not happen, and will not.
            after = Status.CANCELLED
        queue = None
        if subject.status == Status.IN_DOUBT and attempt in {None, subject.attempt}:
            queue = ledger.move(
                id=subject.id,
                before=Status.IN_DOUBT,
                attempt=subject.attempt,
                after=after,
                verb="execution.resolved",
                actor=actor,
                reason=reason,
                result=None if result is None else values.dumps(result),
                tries=tries,
                delay=delay,
                details=_details(answer, result),
            )
        if queue is None:
            status = find(execution_id).status
            raise NotInDoubt(f"{subject.public_id} is {status}, not in doubt. Nothing was changed.", status=status)
        if after == Status.QUEUED and not delay:
            wake_later([queue])
        if after == Status.FAILED:
            error = Execution.objects.values_list("error", flat=True).get(pk=subject.id)
            follow(subject.id, action=subject.action, attempt=subject.attempt, status=after, error=error, delay=0)
        if after != Status.QUEUED:
            advance_one(subject.id, workflow=subject.parent, succeeded=after == Status.SUCCEEDED)
    return subject


def ask_resolver(
    action: "Action[Any, Any]", function: Callable[..., Resolution], execution_id: str, attempt: int, context: Context
) -> dict[str, Any]:
    """Ask the action's own resolver about an attempt in doubt and act on the answer.

    Raises RetryLater while it cannot say. A resolver that raises GiveUp means: it did not happen, and will not.
    """
    subject = find(execution_id)
    if subject.status != Status.IN_DOUBT or subject.attempt != attempt:
        return {"verdict": "moot", "status": subject.status.value}
    actor = Actor("system", action.name, f"resolver of {action.name}")
    context.ask_about(subject.public_id)
    try:
        resolution = function(context=context, **_params(action, subject, context))
    except GiveUp as error:
        resolve(execution_id, answer=Answer.GIVE_UP, actor=actor, reason=error.message, attempt=attempt)
        return {"verdict": "gave_up"}
    if resolution.verdict == Verdict.UNKNOWN:
        raise RetryLater(_ASK_AGAIN, "The resolver cannot say yet.")
    if resolution.verdict == Verdict.DID_NOT_HAPPEN:
        _try_again(action, subject, actor)
        return {"verdict": resolution.verdict.value}
    value = None
    if resolution.value is not None:
        text, _ = action.result.dump(resolution.value)
        value = values.parse(text) if text else None
    resolve(execution_id, answer=Answer.HAPPENED, actor=actor, result=value, attempt=attempt)
    return {"verdict": resolution.verdict.value}


def _try_again(action: "Action[Any, Any]", subject: Subject, actor: Actor) -> None:
    """The attempt is now a known failure: one try, followed by another where the retry policy allows one."""
    tries = Execution.objects.values_list("tries", flat=True).get(pk=subject.id) + 1
    again = action.retry.allows(tries)
    resolve(
        subject.public_id,
        answer=Answer.RUN_AGAIN if again else Answer.GIVE_UP,
        actor=actor,
        reason="It did not happen." if again else f"It did not happen, in none of {tries} tries.",
        attempt=subject.attempt,
        tries=1,
        delay=action.retry.next_delay(tries, random.random()) if again else 0.0,  # noqa: S311  (jitter)
    )


def _params(action: "Action[Any, Any]", subject: Subject, context: Context) -> dict[str, Any]:
    execution = Execution.objects.select_related("executionsecret").get(pk=subject.id)
    params = dict(execution.params)
    if hasattr(execution, "executionsecret"):
        plain = secrets.decrypt(execution.executionsecret.ciphertext)
        context.hidden += secrets.texts(plain)
        params |= plain
    params = inputs.whole(params, execution.inputs)
    context.hidden += redaction.texts(params)
    return action.params.load(values.dumps(params))


def _details(answer: Answer, result: Any) -> dict[str, Any]:
    details: dict[str, Any] = {"answer": answer.value}
    if result is not None:
        details["result"] = values.check_and_digest(result).fingerprint
    return details
