"""Accept inside the caller's transaction: it commits with it, rolls back with it, and leaves it usable."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from actions import IdempotencyConflict, ResultTimeout
from actions.errors import IdempotencyInProgress, InvalidInput, TransactionOpen
from tests.app import actions as app
from tests.app.models import Effect
from tests.stage import PATIENCE, Elsewhere, StageWorker, elsewhere, value

pytestmark = pytest.mark.usefixtures("engine")


class Undo(Exception):
    pass


def count() -> int:
    return int(value("SELECT count(*) FROM actions_execution"))


def audited() -> int:
    return int(value("SELECT count(*) FROM actions_auditentry"))


@pytest.mark.parametrize("key", [None, "k"])
def test_a_rolled_back_transaction_leaves_nothing_behind(key: str | None):
    with pytest.raises(Undo), transaction.atomic():
        Effect.objects.create(execution_id="business", attempt=0)
        app.noop.invoke(idempotency_key=key)
        app.noop.invoke_many([{}, {}])
        raise Undo
    assert (count(), audited(), Effect.objects.count()) == (0, 0, 0)


def test_nobody_sees_it_before_the_commit_and_everybody_after_it(worker: StageWorker):
    with transaction.atomic():
        handle = app.noop.invoke()
        assert elsewhere(count) == 0
        assert elsewhere(worker.claim) == []
    assert elsewhere(count) == 1
    worker.work()
    assert handle.status == "succeeded"


def test_the_queue_is_woken_after_the_commit_and_not_before(monkeypatch: pytest.MonkeyPatch):
    """Mutant 4: a wake-up before the commit finds nothing, and the execution waits for maintain."""
    from actions.engine import dispatch

    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(dispatch, "wake_soon", lambda queue: woken.append((queue, elsewhere(count))) or True)
    with transaction.atomic():
        app.noop.invoke()
        app.noop.invoke(idempotency_key="k")
        app.noop.invoke_many([{}])
        assert woken == []
    assert woken == [("default", 3)] * 3
    app.noop.invoke()
    assert woken[3:] == [("default", 4)]
    with pytest.raises(Undo), transaction.atomic():
        app.noop.invoke()
        raise Undo
    assert len(woken) == 4


def test_a_conflict_leaves_the_callers_transaction_usable():
    app.noop.invoke(n=1, idempotency_key="k")
    with transaction.atomic():
        Effect.objects.create(execution_id="business", attempt=0)
        with pytest.raises(IdempotencyConflict):
            app.noop.invoke(n=2, idempotency_key="k")
        with pytest.raises(InvalidInput):
            app.noop.invoke(n="2")
        app.noop.invoke(n=3)
    assert (count(), Effect.objects.count()) == (2, 1)


def test_a_replay_within_one_transaction_finds_its_own_row():
    with transaction.atomic():
        first = app.noop.invoke(idempotency_key="k")
        assert app.noop.invoke(idempotency_key="k").id == first.id


def test_the_second_of_two_waits_for_the_first_and_answers_with_its_execution():
    """Section 3, rule 7"""
    waiting = threading.Event()

    def second() -> Any:
        waiting.set()
        return app.noop.invoke(idempotency_key="k")

    with transaction.atomic():
        first = app.noop.invoke(idempotency_key="k")
        other = Elsewhere(second)
        assert waiting.wait(PATIENCE)
        _until_somebody_waits()
    assert other.outcome().id == first.id
    assert other.outcome().replayed
    assert count() == 1


def test_the_second_of_two_stores_its_own_when_the_first_rolls_back():
    other = None
    with pytest.raises(Undo), transaction.atomic():
        app.noop.invoke(idempotency_key="k")
        other = Elsewhere(lambda: app.noop.invoke(idempotency_key="k"))
        _until_somebody_waits()
        raise Undo
    assert other is not None
    assert not other.outcome().replayed
    assert count() == 1


@pytest.mark.parametrize("many", [False, True])
def test_a_key_held_for_two_seconds_is_in_progress_and_the_transaction_lives_on(many: bool):
    """Section 3, rule 7"""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            app.noop.invoke(idempotency_key="k")
            held.set()
            assert free.wait(PATIENCE)

    holder = Elsewhere(hold)
    assert held.wait(PATIENCE)
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '7s'")
        with pytest.raises(IdempotencyInProgress) as caught:
            if many:
                app.noop.invoke_many([{}], idempotency_keys=["k"])
            else:
                app.noop.invoke(idempotency_key="k")
        assert 1.5 < time.monotonic() - began < 4
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("7s",)
        app.noop.invoke()
    free.set()
    holder.outcome()
    assert caught.value.code == "idempotency_in_progress"
    assert count() == 2


def test_a_keyed_accept_leaves_the_callers_lock_timeout_as_it_was():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '7s'")
        app.noop.invoke(idempotency_key="k")
        app.noop.invoke(idempotency_key="k")
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("7s",)


@pytest.mark.parametrize("key", [None, "k"])
def test_the_result_cannot_be_waited_for_inside_its_own_transaction(key: str | None):
    with transaction.atomic():
        handle = app.noop.invoke(idempotency_key=key)
        many = app.noop.invoke_many([{}, {}])
        began = time.monotonic()
        for one in (handle, *many):
            with pytest.raises(TransactionOpen):
                one.result(timeout=30)
        assert time.monotonic() - began < 1


def test_the_result_of_an_older_execution_can():
    handle = app.noop.invoke()
    with transaction.atomic(), pytest.raises(ResultTimeout):
        handle.result(timeout=0.01)


def _until_somebody_waits() -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
