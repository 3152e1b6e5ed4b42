"""From what a handler did to what becomes of its execution: the retry decisions, pure."""

import random
import re
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

from actions import conf
from actions.engine.ledger import Claim, Ending
from actions.errors import (
    Cancelled,
    DoplatformError,
    EventTimeout,
    GiveUp,
    InDoubt,
    InvalidParams,
    ResultInvalid,
    RetryLater,
    SecondConnection,
    ShuttingDown,
    SoftTimeout,
    StepFailed,
    TimedOut,
    TooManySteps,
    TransactionAborted,
    TransactionControl,
    WorkflowChanged,
    WorkflowTimeout,
    WorkflowWrites,
    describe,
    storable,
)
from actions.states import Effects, Outcome, Status
from actions.values.redaction import blot

if TYPE_CHECKING:
    from actions.definitions.action import Action

UNKNOWN_ACTION_DELAY = 60.0
"""Seconds until a worker looks again at an execution whose action its code does not have (another one's may)."""
_PERMANENT = (
    GiveUp, InvalidParams, ResultInvalid, TransactionControl, TransactionAborted, SecondConnection,
    # What a workflow function would meet again however often it is entered.
    StepFailed, EventTimeout, WorkflowChanged, WorkflowTimeout, WorkflowWrites, TooManySteps,
)  # fmt: skip
_LONGEST_TRACE = 20_000
_LONGEST_PLACE = 500
_PLATFORM = ("actions.engine", "actions.definitions", "asgiref.", "concurrent.futures")
_LIBRARY = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\]python\d[\d.]*)[/\\]|^<")
"""Files that nobody wrote for this installation."""


def after_error(action: "Action[Any, Any]", claim: Claim, error: BaseException, *, hidden: list[str]) -> Ending:
    """The ending of an attempt whose handler raised `error`. `hidden` are secret values to be dotted in its texts."""
    if isinstance(error, Cancelled):
        return _ending(claim, Status.CANCELLED, Outcome.CANCELLED, None)
    if isinstance(error, ShuttingDown):
        return _interrupted(action, claim)
    timed_out = isinstance(error, SoftTimeout)
    shown: BaseException = (
        TimedOut(f"The attempt took longer than its timeout of {action.timeout or conf.get().DEFAULT_TIMEOUT:g} s.")
        if timed_out
        else error
    )
    told = tell(shown, error, hidden)
    if isinstance(error, RetryLater):
        ending = _ending(claim, Status.RETRYING, Outcome.POSTPONED, told)
        ending.delay = max(0.0, float(error.delay))
        return ending
    if isinstance(error, InDoubt) or (action.effects == Effects.EXTERNAL and isinstance(error, action.doubt_on)):
        return _ending(claim, Status.IN_DOUBT, Outcome.TIMED_OUT if timed_out else Outcome.IN_DOUBT, told)
    return after_failure(action, claim, error, told, Outcome.TIMED_OUT if timed_out else Outcome.FAILED)


def after_failure(
    action: "Action[Any, Any]", claim: Claim, error: BaseException, told: dict[str, Any], outcome: Outcome
) -> Ending:
    """A known failure: another try if the policy allows one."""
    tries = claim.tries + 1
    again = not isinstance(error, _PERMANENT) and action.retry.allows(tries, error)
    ending = _ending(claim, Status.RETRYING if again else Status.FAILED, outcome, told)
    ending.tries = 1
    if again:
        ending.delay = action.retry.next_delay(tries, random.random())  # noqa: S311  (jitter)
    return ending


def after_loss(effects: str, claim: Claim, told: dict[str, Any], *, counts: bool) -> Ending:
    """The worker lives, its transaction does not: tried again where that is allowed, otherwise in doubt.

    `counts`: it may have been the handler's doing (a query that costs the server its memory), and is a loss like that of
    a worker, so that it comes to an end.
    """
    if effects == Effects.EXTERNAL:
        return _ending(claim, Status.IN_DOUBT, Outcome.IN_DOUBT, told)
    last = counts and claim.losses + 1 >= conf.get().MAX_LOSSES
    ending = _ending(claim, Status.FAILED if last else Status.QUEUED, Outcome.LOST, told)
    ending.losses = int(counts)
    return ending


def unknown_action(claim: Claim) -> Ending:
    """This process' code has no such action: leave it for another, and look again later."""
    error = {
        "code": "action_not_found",
        "class": "ActionNotFound",
        "message": f"The code of this worker has no action called {claim.action}. The execution is kept and looked at again "
        f"every {UNKNOWN_ACTION_DELAY:g} s; deploy the action, or cancel the execution.",
    }
    ending = _ending(claim, Status.RETRYING, Outcome.POSTPONED, error)
    ending.delay = UNKNOWN_ACTION_DELAY
    return ending


def suspended(claim: Claim) -> Ending:
    """A workflow function has to wait; the entry came to its end, so the workers that earlier ones cost are forgotten."""
    ending = _ending(claim, Status.WAITING, Outcome.SUSPENDED, None)
    ending.losses = -claim.losses
    return ending


def failed(claim: Claim, error: dict[str, Any]) -> Ending:
    """A workflow that failed before, and has nothing left to undo or to wait for."""
    return _ending(claim, Status.FAILED, Outcome.FAILED, error)


def given_back(claim: Claim) -> Ending:
    """The worker stops before it began, or before the handler could end."""
    return _ending(claim, Status.QUEUED, Outcome.GIVEN_BACK, None)


def _interrupted(action: "Action[Any, Any]", claim: Claim) -> Ending:
    """The worker had to stop in the middle of the handler: given back, unless outside effects may have happened."""
    if action.effects != Effects.EXTERNAL:
        return given_back(claim)
    told = describe(
        InDoubt("The worker was stopped in the middle of the handler; its outside effect may have happened.")
    )
    return _ending(claim, Status.IN_DOUBT, Outcome.IN_DOUBT, told)


def tell(shown: BaseException, raised: BaseException, hidden: list[str]) -> dict[str, Any]:
    """The JSON of an error with its place and its traceback (never locals), secret values dotted."""
    told = describe(shown)
    own = _own(raised.__traceback__)
    if own is not None:
        told["place"] = storable(_place(own)[:_LONGEST_PLACE])
    if not isinstance(raised, DoplatformError) and raised.__traceback__ is not None:
        text = "".join(traceback.format_exception(type(raised), raised, own or raised.__traceback__, limit=-30))
        told["traceback"] = storable(text[-_LONGEST_TRACE:])
    return {name: blot(text, hidden) for name, text in told.items()} if hidden else told


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not the platform's; None where there is none."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(_PLATFORM):
        trace = trace.tb_next
    return trace


def _place(trace: TracebackType) -> str:
    """Module and function of the deepest frame of the user's code, by which failures are grouped: lines move, names stay."""
    place, frame = trace.tb_frame, trace
    while (deeper := frame.tb_next) is not None:
        frame = deeper
        if not _LIBRARY.search(frame.tb_frame.f_code.co_filename):
            place = frame.tb_frame
    return f"{place.f_globals.get('__name__', '?')}.{place.f_code.co_qualname}"


def _ending(claim: Claim, status: Status, outcome: Outcome, error: dict[str, Any] | None) -> Ending:
    details = {"after": status.value, "outcome": outcome.value}
    if error is not None:
        details["error"] = error["code"]
        details["class"] = error["class"]
    return Ending(
        id=claim.id,
        attempt=claim.attempt,
        status=status,
        outcome=outcome,
        error=error,
        details=details,
        parent=claim.parent,
    )
