"""Deep and wide workflows come to their right end, in a time that grows with their size and not with its square."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from actions import gather
from actions.engine.operate.cancel import cancel
from actions.engine.operate.retry import retry
from tests.engine.steps import broken_lives, findings
from tests.stage import ALICE, column, key_of, outcomes, rows, step_of

pytestmark = pytest.mark.usefixtures("engine")

DEEP, WIDE = 500, 2_000
_STATUSES = "SELECT status, count(*) FROM actions_execution WHERE parent_id = %s GROUP BY status"


@pytest.fixture
def count(declare: Any) -> Any:
    @declare("stage-count")
    def act(n: int) -> dict[str, int]:
        if n == act.fails_at:
            raise ValueError("not this one")
        return {"n": n + 1}

    act.fails_at = None
    return act


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """No stop watch: only that nothing is done once for every pair of steps."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def statuses(handle: Any) -> dict[str, int]:
    """How many of its steps have which status."""
    return dict(rows(_STATUSES, key_of(handle)))


def test_a_chain_of_500(compose: Any, crew: Any, count: Any):
    @compose("stage-deep")
    def deep() -> Any:
        last = count.start(n=0)
        for _ in range(DEEP - 1):
            last = count.start(n=last["n"])
        return last["n"]

    handle = deep.invoke()
    with within(20):
        crew().work(most=2_000)
    assert handle.result() == DEEP and len(outcomes(handle)) == 2
    assert statuses(handle) == {"succeeded": DEEP}


def test_a_chain_of_500_that_breaks_in_the_middle(compose: Any, crew: Any, count: Any):
    @compose("stage-breaks")
    def breaks() -> Any:
        last = count.start(n=0)
        for _ in range(DEEP - 1):
            last = count.start(n=last["n"])
        return last["n"]

    count.fails_at = 250
    handle = breaks.invoke()
    worker = crew()
    with within(20):
        worker.work(most=2_000)
        assert handle.status == "failed"
        assert statuses(handle) == {"succeeded": 250, "failed": 1, "skipped": 249}
        count.fails_at = None
        retry(handle.id, actor=ALICE, reason="repaired")
        assert statuses(handle) == {"succeeded": 250, "queued": 1, "blocked": 249}
        worker.work(most=2_000)
    assert handle.result() == DEEP and statuses(handle) == {"succeeded": DEEP}
    assert findings() == [] and broken_lives() == []


def test_500_calls_one_after_the_other(compose: Any, crew: Any, count: Any):
    @compose("stage-calls")
    def calls() -> int:
        n = 0
        for _ in range(DEEP):
            n = count(n)["n"]
        return n

    handle = calls.invoke()
    with within(20):
        crew().work(most=2_000)
    assert handle.result() == DEEP and statuses(handle) == {"succeeded": DEEP}


def test_a_fan_of_2000(compose: Any, crew: Any, count: Any):
    @compose("stage-wide")
    def wide() -> int:
        return sum(each["n"] for each in gather(count.start(n=n) for n in range(WIDE)))

    handle = wide.invoke()
    with within(20):
        crew().work(most=2 * WIDE + 10)
    assert handle.result() == sum(range(1, WIDE + 1)) and len(outcomes(handle)) == 2
    assert statuses(handle) == {"succeeded": WIDE}


def test_2000_into_one(compose: Any, crew: Any, count: Any, declare: Any):
    @declare("stage-sum")
    def total(parts: list[int]) -> int:
        return sum(parts)

    @compose("stage-funnel")
    def funnel() -> Any:
        first = count.start(n=0)
        return total.start(parts=[count.start(n=n, after=[first])["n"] for n in range(WIDE)])

    handle = funnel.invoke()
    with within(20):
        crew().work(most=2 * WIDE + 10)
    assert handle.result() == sum(range(1, WIDE + 1)) and statuses(handle) == {"succeeded": WIDE + 2}


def test_2000_are_cancelled_at_once(compose: Any, crew: Any, count: Any):
    @compose("stage-stopped")
    def stopped() -> Any:
        first = count.start(n=0, step="first")
        return gather(count.start(n=n, after=[first]) for n in range(WIDE))

    handle = stopped.invoke()
    worker = crew()
    worker.settle(worker.claim())
    with within(10):
        cancel(handle.id, actor=ALICE, reason="not needed")
    assert statuses(handle) == {"cancelled": WIDE + 1} and column(step_of(handle, "first"), "status") == "cancelled"
