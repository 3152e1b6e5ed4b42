"""When a failed action is tried again."""

import dataclasses
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.errors import GiveUp, InvalidDefinition
from actions.retry import RetryPolicy

seconds = st.floats(0, 10_000)


@st.composite
def policies(draw):
    delay, more = draw(seconds), draw(seconds)
    return RetryPolicy(
        max_attempts=draw(st.integers(1, 10_000)),
        delay=delay,
        factor=draw(st.floats(1, 1e300)),
        max_delay=delay + more,
        jitter=draw(st.floats(0, 1)),
    )


def test_the_defaults():
    policy = RetryPolicy()
    assert [policy.next_delay(tries, 0) for tries in range(1, 5)] == [1, 2, 4, 8]
    assert policy.next_delay(1, 1) == pytest.approx(0.9)
    assert [tries for tries in range(1, 8) if policy.allows(tries, ValueError())] == [1, 2, 3, 4]


@given(policies(), st.integers(0, 10_000), st.floats(0, 1))
def test_a_delay_is_within_its_bounds(policy, tries, random):
    delay = policy.next_delay(tries, random)
    assert math.isfinite(delay)
    assert 0 <= delay <= policy.max_delay
    assert delay >= policy.next_delay(tries, 0) * (1 - policy.jitter)


@given(policies(), st.integers(1, 9_999))
def test_delays_do_not_shrink(policy, tries):
    assert policy.next_delay(tries, 0) <= policy.next_delay(tries + 1, 0)


def test_ten_thousand_tries_do_not_overflow():
    assert RetryPolicy().next_delay(10_000, 0) == 300
    assert RetryPolicy(delay=0).next_delay(10_000, 0) == 0
    assert RetryPolicy(factor=1).next_delay(10_000, 0) == 1
    assert RetryPolicy(factor=1e300).next_delay(10_000, 0) == 300


def test_delays_are_seconds_or_timedeltas():
    policy = RetryPolicy(delay=timedelta(minutes=1), max_delay=timedelta(hours=1))
    assert (policy.delay, policy.max_delay) == (60.0, 3600.0)
    assert policy == RetryPolicy(delay=60, max_delay=3600)
    assert hash(policy) == hash(RetryPolicy(delay=60, max_delay=3600))


def test_some_errors_are_not_tried_again():
    policy = RetryPolicy(give_up_on=(LookupError,))
    assert not policy.allows(1, KeyError("x"))
    assert policy.allows(1, ValueError())
    assert policy.allows(1)
    assert not policy.allows(1, GiveUp())


@given(policies(), st.integers(1, 20_000))
def test_tries_are_counted_with_the_first(policy, tries):
    assert policy.allows(tries, ValueError()) is (tries < policy.max_attempts)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", True),
        ("max_attempts", 2.0),
        ("delay", -1),
        ("delay", math.nan),
        ("delay", "1"),
        ("delay", True),
        ("delay", timedelta(seconds=-1)),
        ("delay", 301),
        ("factor", 0.5),
        ("factor", math.inf),
        ("factor", timedelta(seconds=2)),
        ("max_delay", 10**400),
        ("max_delay", timedelta(days=400)),
        ("jitter", 1.1),
        ("jitter", -0.1),
        ("jitter", None),
        ("give_up_on", ValueError),
        ("give_up_on", [ValueError]),
        ("give_up_on", (ValueError(),)),
        ("give_up_on", (int,)),
    ],
)
def test_a_policy_that_cannot_work_is_refused(field, value):
    with pytest.raises(InvalidDefinition, match=field):
        RetryPolicy(**{field: value})


def test_a_policy_is_frozen_and_takes_keywords_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RetryPolicy().delay = 5
    with pytest.raises(TypeError):
        RetryPolicy(5)
