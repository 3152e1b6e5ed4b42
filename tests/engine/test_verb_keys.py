"""Idempotency keys of verbs: what the same key may stand for, and how long it does (RELIABILITY.md section 3)."""

from typing import Any
from uuid import UUID

import pytest

from actions.engine import ledger
from actions.engine.maintain import prune
from actions.engine.operate.once import once
from actions.engine.operate.replay import replay
from actions.engine.operate.retry import retry
from actions.engine.operate.trigger import trigger
from actions.errors import IdempotencyConflict
from tests.app import actions as app
from tests.interfaces.processes import chain, moody
from tests.stage import ALICE, compose, crew, declare, engine, rows, value, worker

__all__ = ["chain", "compose", "crew", "declare", "engine", "moody", "worker"]

pytestmark = pytest.mark.usefixtures("engine")
WHY = {"actor": ALICE, "reason": "a test"}


def test_a_key_of_a_replay_stands_for_one_original(worker: Any):
    """Both originals had the same params: only what is replayed differs"""
    first, second = (app.noop.invoke().id for _ in range(2))
    worker.work()
    made = replay(first, idempotency_key="r", **WHY)
    with pytest.raises(IdempotencyConflict) as caught:
        replay(second, idempotency_key="r", **WHY)
    assert (caught.value.original, caught.value.created_at is not None) == (made.id, True)
    assert replay(first, idempotency_key="r", **WHY).id == made.id
    assert value("SELECT count(*) FROM actions_execution") == 3
    # The refused one left nothing: its original can be replayed with another key, and this one stays the first's.
    assert replay(second, idempotency_key="s", **WHY).replayed is False


def test_a_key_of_a_plain_request_is_no_key_of_its_replay(worker: Any):
    made = trigger("test-noop", {}, idempotency_key="k", **WHY)
    worker.work()
    with pytest.raises(IdempotencyConflict) as caught:
        replay(made.id, idempotency_key="k", **WHY)
    assert caught.value.original == made.id


def test_a_key_of_a_replay_stands_for_one_step_and_one_edit(chain: Any, worker: Any):
    handle = chain.invoke()
    worker.work()
    steps = rows("SELECT step FROM actions_execution WHERE parent_id IS NOT NULL AND status = 'failed'")
    (failed,) = (step for (step,) in steps)
    asked = {"from_step": failed, "params": {"n": 5}}
    made = replay(handle.id, idempotency_key="r", **asked, **WHY)
    again = replay(handle.id, idempotency_key="r", **asked, **WHY)
    assert (again.id, again.replayed) == (made.id, True)
    for other in ({**asked, "params": {"n": 6}}, {"from_step": failed}, {"from_step": "first"}, {}):
        with pytest.raises(IdempotencyConflict):
            replay(handle.id, idempotency_key="r", **other, **WHY)
    assert value("SELECT count(*) FROM actions_execution WHERE replay_of_id IS NOT NULL AND parent_id IS NULL") == 1


def test_a_key_lives_as_long_as_its_execution_is_kept(worker: Any):
    """G13: 30 days after the end, however long ago it was used"""
    handle = app.give_up.invoke()
    worker.work()
    done: list[int] = []

    def ask() -> bool:
        def act() -> None:
            retry(handle.id, **WHY)
            done.append(1)

        return once(handle.id, "retry", act, actor=ALICE, key="k", sent={})

    assert ask() is True
    rows("UPDATE actions_verbkey SET at = now() - interval '400 days'")
    worker.work()
    assert prune() == 0
    assert ask() is False
    assert done == [1]
    rows("UPDATE actions_execution SET finished_at = now() - interval '31 days'")
    # `newest` bounds the search by the time in the ids, which is now.
    assert ledger.prune(days=30, size=100, newest=UUID(int=2**128 - 1)) == 1
    assert value("SELECT count(*) FROM actions_verbkey") == 0
