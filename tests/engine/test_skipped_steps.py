"""Skipped steps: the function is told why, and to catch that is to go on past the failure behind it."""

from typing import Any

import pytest

from actions import GiveUp, StepFailed
from actions.engine.operate.retry import retry
from actions.errors import FailureConsumed
from tests.stage import ALICE, step_of, tree

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def add(declare: Any) -> Any:
    @declare("stage-add")
    def act(a: int) -> int:
        if a < 0:
            raise GiveUp("below zero")
        return a + 1

    return act


def test_the_workflows_error_names_the_failure_behind_the_skipped_step(compose: Any, crew: Any, add: Any):
    @compose("stage-chain")
    def chain() -> Any:
        first = add.start(a=-1, step="first")
        second = add.start(a=first, step="second")
        return add.start(a=second, step="third")

    handle = chain.invoke()
    crew().work()
    assert tree(handle) == {"first": "failed", "second": "skipped", "third": "skipped"}
    assert handle.error["message"] == (
        f"Step third ({step_of(handle, 'third')}) is skipped: "
        f"Step first ({step_of(handle, 'first')}) is failed: below zero"
    )


def test_who_catches_that_a_step_was_skipped_has_caught_the_failure_behind_it(compose: Any, crew: Any, add: Any):
    @compose("stage-catches")
    def catches() -> int:
        first = add.start(a=-1, step="first")
        second = add.start(a=first, step="second")
        third = add.start(a=5, after=[second], step="third")
        try:
            return third.result()
        except StepFailed as failure:
            assert (failure.step, failure.status) == ("third", "skipped")
            return add(10)

    handle = catches.invoke()
    crew().work()
    assert (handle.status, handle.error) == ("succeeded", None)
    assert handle.result() == 11
    with pytest.raises(FailureConsumed):
        retry(step_of(handle, "first"), actor=ALICE, reason="too late")


def test_a_failure_of_another_step_is_not_caught_with_it(compose: Any, crew: Any, add: Any):
    @compose("stage-two")
    def two() -> int:
        add.start(a=-2, step="other")
        first = add.start(a=-1, step="first")
        try:
            return add.start(a=first, step="second").result()
        except StepFailed:
            return 0

    handle = two.invoke()
    crew().work()
    assert (handle.status, handle.error["step"]) == ("failed", "other")
