"""Resolvers: what they ask by, and how often an execution in doubt may come back."""

from typing import Any

import pytest

from actions import Context, InDoubt, Resolution, RetryPolicy
from tests.stage import StageWorker, column, rows

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def doubtful(declare: Any) -> Any:
    """An action whose every attempt is in doubt, its retry policy, and a list of the keys that were used."""

    def made(resolution: Resolution, retry: RetryPolicy) -> tuple[Any, list[tuple[str, str]]]:
        keys: list[tuple[str, str]] = []

        @declare("stage-doubtful", effects="external", retry=retry)
        def charge(context: Context) -> str:
            keys.append(("handler", context.idempotency_key))
            raise InDoubt("The answer was lost.")

        @charge.resolver
        def ask(context: Context) -> Resolution:
            keys.append(("resolver", context.idempotency_key))
            return resolution

        return charge, keys

    return made


def test_a_resolver_asks_by_the_key_that_the_handler_sent(doubtful: Any, crew: Any):
    """I-04: asked by any other key, a provider knows of nothing, and the effect would be repeated."""
    charge, keys = doubtful(Resolution.happened("paid"), RetryPolicy())
    worker: StageWorker = crew()
    handle = charge.invoke()
    worker.work()
    assert keys == [("handler", handle.id), ("resolver", handle.id)]
    assert (handle.status, column(handle, "result"), column(handle, "attempt")) == ("succeeded", "paid", 1)


def test_what_did_not_happen_is_a_failed_try_and_the_tries_come_to_an_end(doubtful: Any, crew: Any):
    charge, keys = doubtful(Resolution.did_not_happen(), RetryPolicy(max_attempts=3, delay=0))
    worker: StageWorker = crew()
    handle = charge.invoke()
    worker.work()
    assert [who for who, _ in keys] == ["handler", "resolver"] * 3
    assert handle.status == "failed"
    assert (column(handle, "tries"), column(handle, "attempt")) == (3, 3)
    assert rows("SELECT actor_label, reason FROM actions_auditentry WHERE verb = 'execution.resolved' ORDER BY id") == [
        ("resolver of stage-doubtful", "It did not happen."),
        ("resolver of stage-doubtful", "It did not happen."),
        ("resolver of stage-doubtful", "It did not happen, in none of 3 tries."),
    ]


def test_the_next_try_waits_as_the_retry_policy_says(doubtful: Any, crew: Any):
    charge, keys = doubtful(Resolution.did_not_happen(), RetryPolicy(max_attempts=3, delay=60, jitter=0))
    worker: StageWorker = crew()
    handle = charge.invoke()
    worker.work(waiting=False)
    assert len(keys) == 2
    assert handle.status == "queued"
    waits = "SELECT extract(epoch FROM execution.available_at - entry.at)::float FROM actions_execution execution"
    waits += " JOIN actions_auditentry entry ON entry.execution_id = execution.id AND entry.verb = 'execution.resolved'"
    assert rows(waits) == [(pytest.approx(60, abs=1),)]
