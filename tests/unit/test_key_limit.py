"""The token bucket of a key: bursts, a rate, and never more (B36)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.definitions.actor import Actor
from actions.engine.keys import limit
from actions.engine.keys.key import Key
from actions.engine.keys.limit import BURST, Bucket, forget
from actions.errors import RateLimited


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    forget()


def key(name: str = "aaaaaaaa", rate: float = 10.0) -> Key:
    return Key(name, Actor("api_key", "service:x", "x", name), ("action:*:read",), rate)


def passed(one: Key, times: int) -> int:
    done = 0
    for _ in range(times):
        try:
            limit(one)
        except RateLimited:
            continue
        done += 1
    return done


@given(st.floats(0.01, 1_000), st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_a_burst_and_the_rate(rate: float, pauses: list[float]):
    bucket, now, taken = Bucket.full(rate, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now) == 0.0
    assert taken <= max(1.0, rate * BURST) + rate * now + 1e-6


@given(st.floats(0.01, 1_000), st.integers(1, 50))
def test_who_waits_as_told_is_let_through(rate: float, times: int):
    bucket, now = Bucket.full(rate, 0.0), 0.0
    for _ in range(times):
        wait = bucket.take(now)
        if wait:
            now += wait * 1.000001
            assert bucket.take(now) == 0.0


def test_a_clock_that_stands_still_gives_nothing():
    bucket = Bucket.full(1.0, 100.0)
    assert [bucket.take(100.0) == 0.0 for _ in range(3)] == [True, True, False]
    assert bucket.take(50.0) > 0.0


def test_a_thousand_at_once_are_cut_off_and_other_keys_are_not():
    """B36"""
    assert 20 <= passed(key(), 1_000) <= 25
    assert passed(key("bbbbbbbb"), 20) == 20
    with pytest.raises(RateLimited) as caught:
        limit(key())
    assert 0 < caught.value.retry_after <= 0.1
    assert caught.value.code == "rate_limited"
    assert "10 times a second" in caught.value.message


def test_each_web_process_has_its_share(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    assert 5 <= passed(key(), 100) <= 7


@pytest.mark.parametrize("odd", ["0", "", "many", "-3"])
def test_an_odd_number_of_processes_is_one(monkeypatch, odd: str):
    monkeypatch.setenv("WEB_CONCURRENCY", odd)
    assert passed(key(), 20) == 20
