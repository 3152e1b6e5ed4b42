"""From what a handler did to what becomes of its execution, without a database."""

from typing import Any
from uuid import UUID

import pytest

from actions import Action, GiveUp, InDoubt, RetryLater, RetryPolicy
from actions.engine import policy
from actions.engine.ledger import Claim
from actions.errors import (
    Cancelled,
    InvalidParams,
    Problem,
    ResultInvalid,
    SecondConnection,
    ShuttingDown,
    SoftTimeout,
    TransactionAborted,
    TransactionControl,
)
from actions.states import Outcome, Status

KINDS = ("external", "repeatable", "database")


def act() -> None: ...


def made(effects: str, **policies: Any) -> Action[Any, Any]:
    return Action(act, name="unit", effects=effects, **{"retry": RetryPolicy(max_attempts=3, jitter=0), **policies})


def claim(tries: int = 0, losses: int = 0) -> Claim:
    return Claim(UUID(int=1), "unit", tries + 1, tries, losses, "{}", None)


def after(effects: str, error: BaseException, tries: int = 0, **policies: Any) -> Any:
    return policy.after_error(made(effects, **policies), claim(tries), error, hidden=[])


@pytest.mark.parametrize("effects", KINDS)
@pytest.mark.parametrize(("tries", "status", "delay"), [(0, "retrying", 1), (1, "retrying", 2), (2, "failed", 0)])
def test_an_ordinary_error_is_tried_again_until_the_tries_are_used_up(
    effects: str, tries: int, status: str, delay: float
):
    ending = after(effects, RuntimeError("x"), tries)
    assert (ending.status, ending.outcome, ending.tries, ending.losses) == (status, Outcome.FAILED, 1, 0)
    assert ending.delay == delay


@pytest.mark.parametrize("effects", KINDS)
@pytest.mark.parametrize(
    "error",
    [GiveUp("x"), InvalidParams("unit", [Problem("a", "b", "c")]), ResultInvalid(), TransactionControl(),
     TransactionAborted(), SecondConnection()],
    ids=lambda error: error.code,
)  # fmt: skip
def test_a_permanent_error_is_not(effects: str, error: BaseException):
    ending = after(effects, error)
    assert (ending.status, ending.outcome) == (Status.FAILED, Outcome.FAILED)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SoftTimeout(), "timed_out"),
        (TimeoutError(), "in_doubt"),
        (ConnectionResetError(), "in_doubt"),
        (InDoubt(), "in_doubt"),
    ],
)
def test_what_may_have_happened_outside_is_in_doubt(error: BaseException, outcome: str):
    """I-13"""
    ending = after("external", error, tries=2)
    assert (ending.status, ending.outcome, ending.tries) == (Status.IN_DOUBT, outcome, 0)


@pytest.mark.parametrize("effects", ["repeatable", "database"])
def test_a_timeout_of_what_may_be_repeated_is_a_try(effects: str):
    ending = after(effects, SoftTimeout())
    assert (ending.status, ending.outcome, ending.tries) == (Status.RETRYING, Outcome.TIMED_OUT, 1)
    assert ending.error["code"] == "timed_out"


def test_an_action_that_doubts_nothing_fails_at_its_timeout():
    assert after("external", SoftTimeout(), doubt_on=()).status == Status.RETRYING


@pytest.mark.parametrize("effects", KINDS)
def test_later_costs_no_try(effects: str):
    ending = after(effects, RetryLater(7.5), tries=2)
    assert (ending.status, ending.outcome, ending.tries, ending.delay) == (Status.RETRYING, Outcome.POSTPONED, 0, 7.5)


@pytest.mark.parametrize("effects", KINDS)
def test_a_handler_that_heard_the_request_to_stop_is_cancelled_without_an_error(effects: str):
    ending = after(effects, Cancelled())
    assert (ending.status, ending.outcome, ending.error) == (Status.CANCELLED, Outcome.CANCELLED, None)


@pytest.mark.parametrize(
    ("effects", "status"), [("external", "in_doubt"), ("repeatable", "queued"), ("database", "queued")]
)
def test_a_stopping_worker_and_a_lost_transaction_put_only_external_ones_in_doubt(effects: str, status: str):
    assert after(effects, ShuttingDown()).status == status
    assert policy.after_loss(effects, claim(), {"code": "x", "class": "y"}, counts=False).status == status


def test_a_secret_is_dotted_in_every_text_of_an_error():
    try:
        raise ValueError("card 4242-4242 refused")
    except ValueError as error:
        told = policy.tell(error, error, ["4242-4242"])
    assert "4242-4242" not in str(told)
    assert told["message"] == "card •••• refused"


def test_a_traceback_never_shows_locals_and_has_a_limit():
    canary = "canary-local"

    def deep(n: int) -> None:
        if n == 0:
            raise ValueError("bottom")
        deep(n - 1)

    try:
        deep(200)
    except ValueError as error:
        told = policy.tell(error, error, [])
    assert canary not in told["traceback"]
    assert len(told["traceback"]) <= 20_000
    assert "bottom" in told["traceback"]
