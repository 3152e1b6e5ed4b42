"""Attempts whose worker is gone: found, judged, and never settled by whoever comes back."""

import threading
from typing import Any

import pytest
from django.db import transaction

from actions import Context, RetryPolicy
from actions.engine import workers
from actions.engine.rescue import rescue
from tests.app import actions as app
from tests.stage import Elsewhere, StageWorker, column, columns, effects, key_of, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine", "short_lease")


def age(worker: StageWorker) -> None:
    """Let its lease run out."""
    worker.freeze()


def test_a_vanished_workers_database_attempt_is_queued_again_at_once(crew: Any, settings: Any):
    """F01, I-02: the free lock is enough, whatever the heartbeat says."""
    lost, healthy = crew(), crew()
    handle = app.write_row.invoke()
    lost.claim()
    settings.DOPLATFORM = {**settings.DOPLATFORM, "LEASE": 0.05}
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour'")
    assert rescue() == 0
    lost.crash()
    assert rescue() == 1
    row = columns(handle)
    assert (row["status"], row["losses"], row["tries"], row["worker_id"]) == ("queued", 1, 0, None)
    assert (outcomes(handle), verbs(handle)[-1]) == (["lost"], "rescued")
    healthy.work()
    assert (handle.status, effects(handle), outcomes(handle)) == ("succeeded", 1, ["lost", "succeeded"])


@pytest.mark.parametrize(("name", "status"), [("external", "in_doubt"), ("repeatable", "queued")])
def test_other_attempts_wait_for_the_lease_as_well(name: str, status: str, crew: Any):
    """I-13: never failed, never a silent repetition"""
    lost = crew()
    handle = getattr(app, name).invoke()
    lost.claim()
    lost.crash()
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour'")
    assert rescue() == 0
    age(lost)
    assert rescue() == 1
    assert handle.status == status
    assert column(handle, "losses") == (1 if status == "queued" else 0)


def test_the_lock_of_a_worker_in_another_database_is_not_this_ones(crew: Any, observer: Any):
    lost = crew()
    handle = app.write_row.invoke()
    lost.claim()
    lost.crash()
    from tests.stage import session

    other = session()
    place = other.info.dsn
    other.close()
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    elsewhere = psycopg.connect(make_conninfo(**{**conninfo_to_dict(place), "dbname": "postgres"}), autocommit=True)
    from actions.engine.ledger import WORKER_LOCK

    elsewhere.execute("SELECT pg_advisory_lock(%s, %s)", [WORKER_LOCK, lost.worker])
    assert rescue() == 1
    elsewhere.close()
    assert handle.status == "queued"


def test_a_live_workers_attempt_is_left_alone(worker: StageWorker):
    app.write_row.invoke()
    app.external.invoke()
    claims = worker.claim() + worker.claim()
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour'")
    assert rescue() == 0
    for claim in claims:
        worker.settle([claim])
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'") == 2


def test_nothing_is_rescued_within_one_lease_of_the_servers_start(crew: Any, settings: Any):
    lost = crew()
    app.write_row.invoke()
    app.external.invoke()
    lost.claim()
    lost.claim()
    lost.crash()
    rows("UPDATE actions_worker SET heartbeat_at = now() - interval '10 years'")
    settings.DOPLATFORM = {**settings.DOPLATFORM, "LEASE": 86_400.0}
    assert rescue() == 0
    settings.DOPLATFORM = {**settings.DOPLATFORM, "LEASE": 0.05}
    assert rescue() == 2


def test_a_frozen_workers_late_settle_is_refused_and_its_writes_are_rolled_back(declare: Any, crew: Any):
    """F05, I-05; mutants 1 and 2: the fence is the attempt and the worker."""
    frozen_in, go_on = threading.Event(), threading.Event()

    @declare("stage-frozen")
    def act(context: Context) -> int:
        app.write(context, f"attempt {context.attempt}")
        if context.attempt == 1:
            frozen_in.set()
            assert go_on.wait(20)
        return context.attempt

    handle = act.invoke()
    frozen, other = crew(), crew()
    late = Elsewhere(lambda: frozen.settle(frozen.claim()))
    assert frozen_in.wait(20)
    age(frozen)
    assert rescue() == 1
    other.work()
    assert (handle.status, effects(handle)) == ("succeeded", 1)
    go_on.set()
    late.outcome()
    assert handle.result(timeout=0) == 2
    assert rows("SELECT note FROM app_effect") == [("attempt 2",)]
    assert outcomes(handle) == ["lost", "succeeded"]
    assert verbs(handle) == ["accepted", "started", "rescued", "started", "succeeded"]


def test_a_frozen_worker_cannot_settle_the_attempt_that_another_runs_now(declare: Any, crew: Any):
    """Mutants 1 and 2: running again, but not its attempt."""
    frozen, other = crew(), crew()
    handle = app.write_row.invoke()
    stale = frozen.claim()
    age(frozen)
    rescue()
    current = other.claim()
    frozen.settle(stale)
    assert (handle.status, effects(handle), column(handle, "worker_id")) == ("running", 0, other.worker)
    other.settle(current)
    assert (handle.status, effects(handle), outcomes(handle)) == ("succeeded", 1, ["lost", "succeeded"])


def test_the_same_number_given_to_another_worker_is_not_the_first_ones_attempt(crew: Any):
    """A claim that the server forgot in its crash: the number is given again, and the worker is part of the fence."""
    first, second = crew(), crew()
    handle = app.write_row.invoke()
    forgotten = first.claim()
    rows("UPDATE actions_execution SET status = 'queued', worker_id = NULL, attempt = 0 WHERE id = %s", key_of(handle))
    rows("DELETE FROM actions_attempt")
    current = second.claim()
    assert (forgotten[0].attempt, current[0].attempt) == (1, 1)
    first.settle(forgotten)
    assert (handle.status, effects(handle)) == ("running", 0)
    second.settle(current)
    assert (handle.status, effects(handle)) == ("succeeded", 1)


def test_a_rescue_in_between_is_not_repeated_by_a_slower_one(crew: Any):
    """CP12, mutant 2: what was selected may have moved on before it is settled."""
    from actions.engine import ledger

    lost, other = crew(), crew()
    handle = app.write_row.invoke()
    lost.claim()
    lost.crash()
    with transaction.atomic():
        selected = ledger.rescuable()
    assert rescue() == 1
    other.claim()
    from actions.engine.rescue import _judge

    assert ledger.settle_lost([_judge(*row) for row in selected]) == []
    assert (handle.status, column(handle, "worker_id"), column(handle, "losses")) == ("running", other.worker, 1)


def test_the_third_loss_fails_it(crew: Any):
    """F04: a poison action costs three workers and no more"""
    handle = app.write_row.invoke()
    for losses in (1, 2, 3):
        lost = crew()
        assert len(lost.claim()) == 1
        lost.crash()
        assert rescue() == 1
        assert column(handle, "losses") == losses
    assert handle.error is not None
    assert (handle.status, handle.error["code"]) == ("failed", "worker_crashed")
    assert outcomes(handle) == ["lost"] * 3
    assert crew().claim() == []


def test_a_lost_attempt_past_its_hard_timeout_was_timed_out_and_counts_as_a_try(declare: Any, crew: Any):
    """I-17"""

    @declare(
        "stage-hard", atomic=False, timeout=1, hard_timeout=2, retry=RetryPolicy(max_attempts=2, delay=0, jitter=0)
    )
    def act() -> None: ...

    handle = act.invoke()
    for _ in range(2):
        lost = crew()
        lost.claim()
        rows("UPDATE actions_execution SET started_at = now() - interval '3 seconds'")
        lost.crash()
        assert rescue() == 1
    assert handle.error is not None
    assert (handle.status, handle.error["code"], column(handle, "tries")) == ("failed", "timed_out", 2)
    assert outcomes(handle) == ["timed_out", "timed_out"]


def test_a_lost_external_attempt_past_its_hard_timeout_is_in_doubt(crew: Any):
    handle = app.external.invoke()
    lost = crew()
    lost.claim()
    rows("UPDATE actions_execution SET started_at = now() - interval '1 hour'")
    lost.crash()
    age(lost)
    rescue()
    assert handle.error is not None
    assert (handle.status, handle.error["code"], outcomes(handle)) == ("in_doubt", "timed_out", ["timed_out"])


def test_members_of_a_lost_group_are_never_blamed_for_its_time(crew: Any):
    handles = app.noop.invoke_many([{}] * 3)
    lost = crew()
    lost.claim()
    rows("UPDATE actions_execution SET started_at = now() - interval '1 hour'")
    lost.crash()
    assert rescue() == 3
    assert [(handle.status, outcomes(handle)) for handle in handles] == [("queued", ["lost"])] * 3
    again = crew()
    assert [len(again.claim()) for _ in range(3)] == [1, 1, 1]


def test_the_resolver_of_a_lost_attempt_is_asked_after_its_hard_timeout(declare: Any, crew: Any):
    from actions import Resolution

    @declare("stage-resolved", effects="external", timeout=50, hard_timeout=100)
    def act() -> None: ...

    @act.resolver
    def ask(context: Context) -> Resolution:
        return Resolution.happened()

    act.invoke()
    lost = crew()
    lost.claim()
    lost.crash()
    age(lost)
    rescue()
    left = value(
        "SELECT extract(epoch FROM available_at - now()) FROM actions_execution WHERE action_id = 'stage-resolved.resolver'"
    )
    assert 80 < float(left) <= 100


def test_a_silent_worker_with_nothing_left_is_marked_as_gone(crew: Any):
    silent, live = crew(), crew()
    age(silent)
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour' WHERE id = %s", live.worker)
    workers.bury()
    gone = dict(rows("SELECT id, gone_at IS NOT NULL FROM actions_worker"))
    assert gone == {silent.worker: True, live.worker: False}
    assert not workers.beat(silent.session, worker=silent.worker, current=None)
    assert workers.beat(live.session, worker=live.worker, current=None)


def test_every_lost_attempt_is_settled_once_by_two_rescuers(crew: Any):
    """F16"""
    from tests.stage import all_at_once

    app.external.invoke_many([{}] * 6)
    lost = crew()
    while lost.claim():
        pass
    lost.crash()
    age(lost)
    assert sum(all_at_once([rescue] * 3)) == 6
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'execution.rescued'") == 6
