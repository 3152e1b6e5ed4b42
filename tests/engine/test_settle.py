"""Handlers and their record: one commit, whole groups, members that fail, leases that are lost."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from actions import Context
from actions.engine.operate.cancel import cancel
from tests.app import actions as app
from tests.app.models import Effect
from tests.stage import ALICE, Elsewhere, StageWorker, columns, effects, key_of, outcomes, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")
# Effects are written in savepoints, whose rows carry ids of their own: these handlers note their transaction's.
_WRITERS = """
SELECT xid::text FROM actions_auditentry WHERE verb = 'execution.succeeded' UNION SELECT note FROM app_effect
"""
_RECORDS = """
SELECT xmin::text FROM actions_execution UNION SELECT xmin::text FROM actions_attempt
UNION SELECT xmin::text FROM actions_auditentry WHERE verb = 'execution.succeeded'
"""


@pytest.fixture
def noting(declare: Any) -> Any:
    @declare("stage-noting")
    def noting(context: Context) -> None:
        app.write(context, value("SELECT pg_current_xact_id()::text"))

    return noting


def test_effects_record_attempt_and_audit_of_a_whole_group_are_one_transaction(noting: Any, crew: Any):
    """I-09; mutants 3 and 8"""
    worker = crew()
    noting.invoke_many([{}] * 5)
    worker.settle(worker.claim())
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'") == 5
    assert Effect.objects.count() == 5
    assert (len(rows(_WRITERS)), len(rows(_RECORDS))) == (1, 1)


def test_one_that_is_alone_is_one_transaction_too(noting: Any, crew: Any):
    """I-09"""
    handle = noting.invoke()
    crew().work()
    assert (handle.status, effects(handle)) == ("succeeded", 1)
    assert (len(rows(_WRITERS)), len(rows(_RECORDS))) == (1, 1)


def test_one_whose_handler_writes_nothing_leaves_no_mark(worker: StageWorker):
    handle = app.noop.invoke()
    worker.work()
    assert handle.status == "succeeded"
    assert rows("SELECT count(*) FROM actions_unsettled") == [(0,)]


def test_nobody_sees_an_effect_before_its_record(declare: Any, crew: Any, observer: Any):
    """I-04; mutant 3"""
    seen: list[int] = []

    @declare("stage-look")
    def look(context: Context) -> None:
        app.write(context)
        seen.append(observer_count())

    def observer_count() -> int:
        return int(observer.execute("SELECT count(*) FROM app_effect").fetchone()[0])

    look.invoke_many([{}] * 3)
    crew().work()
    assert seen == [0, 0, 0]
    assert Effect.objects.count() == 3


def test_a_failing_members_writes_are_gone_and_its_neighbours_are_committed(worker: StageWorker):
    """I-04"""
    good = [app.write_row.invoke()]
    bad = app.fail.invoke()
    good.append(app.write_row.invoke())
    claims = worker.claim()
    assert len(claims) == 3
    worker.settle(claims)
    assert [handle.status for handle in good] == ["succeeded", "succeeded"]
    assert (bad.status, effects(bad)) == ("retrying", 0)
    assert [effects(handle) for handle in good] == [1, 1]
    assert value("SELECT count(DISTINCT xmin::text) FROM actions_execution") == 1


def test_a_member_that_breaks_a_constraint_costs_its_neighbours_nothing(declare: Any, crew: Any):
    @declare("stage-broken")
    def broken(context: Context) -> None:
        app.write(context)
        Effect.objects.create(id=Effect.objects.latest("id").id, execution_id="x", attempt=0)

    before, bad, after = app.write_row.invoke(), broken.invoke(), app.write_row.invoke()
    crew().work()
    assert [before.status, bad.status, after.status] == ["succeeded", "failed", "succeeded"]
    assert [effects(before), effects(bad), effects(after)] == [1, 0, 1]
    assert bad.error is not None
    assert bad.error["class"] == "django.db.utils.IntegrityError"


def test_nested_atomic_blocks_and_errors_inside_their_own_savepoint_are_allowed(declare: Any, crew: Any):
    """F21: plain ORM, nested atomic(), error inside its own savepoint"""

    @declare("stage-nested")
    def nested(context: Context) -> str:
        with transaction.atomic():
            app.write(context, "inner")
        with pytest.raises(IntegrityError), transaction.atomic():
            Effect.objects.create(id=Effect.objects.latest("id").id, execution_id="x", attempt=0)
        app.write(context, "outer")
        return "well"

    handles = nested.invoke_many([{}] * 3)
    crew().work()
    assert [handle.result(timeout=0) for handle in handles] == ["well"] * 3
    assert [effects(handle) for handle in handles] == [2, 2, 2]


def test_a_handler_that_fails_inside_nested_blocks_leaves_nothing(declare: Any, crew: Any):
    @declare("stage-nested")
    def nested(context: Context) -> None:
        with transaction.atomic():
            app.write(context)
            with transaction.atomic():
                app.write(context)
                raise RuntimeError

    handles = nested.invoke_many([{}] * 2)
    good = app.write_row.invoke()
    crew().work()
    assert [handle.status for handle in handles] == ["failed", "failed"]
    assert [effects(handle) for handle in handles] == [0, 0]
    assert effects(good) == 1


def test_a_group_of_many_savepoints_is_cut_and_all_are_done(declare: Any, crew: Any, settings: Any):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "GROUP_SIZE": 6}

    @declare("stage-savepoints")
    def savepoints(context: Context) -> None:
        for _ in range(4):
            with transaction.atomic():
                app.write(context)

    savepoints.invoke_many([{}] * 6)
    assert crew().work() == 6
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'") == 6
    assert value("SELECT count(DISTINCT xmin::text) FROM app_effect") >= 3
    assert Effect.objects.count() == 24


def test_a_group_stays_open_for_a_moment_only(declare: Any, crew: Any, settings: Any):
    import time

    settings.DOPLATFORM = {**settings.DOPLATFORM, "GROUP_TIME": 0.02}

    @declare("stage-slow")
    def slow(context: Context) -> None:
        app.write(context)
        time.sleep(0.03)

    slow.invoke_many([{}] * 3)
    worker = crew()
    worker.settle(worker.claim())
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'succeeded'") == 3
    assert value("SELECT count(DISTINCT xmin::text) FROM app_effect") == 3


def test_a_member_cancelled_meanwhile_loses_its_writes_and_its_neighbours_are_done_again(declare: Any, crew: Any):
    """I-05, I-16: a group with a stale member rolls back, and each that is not stale is entered again alone."""
    entries: list[tuple[str, int]] = []
    victim: list[str] = []

    @declare("stage-cancelled")
    def cancelled(context: Context) -> None:
        entries.append((context.execution_id, context.attempt))
        app.write(context)
        if context.execution_id == victim[0] and len(entries) == 2:
            go.set()
            operator.outcome()

    handles = cancelled.invoke_many([{}] * 3)
    victim.append(handles[1].id)
    go = threading.Event()
    operator = Elsewhere(lambda: cancel(victim[0], actor=ALICE, reason="stop"), go)
    crew().work()
    assert [handle.status for handle in handles] == ["succeeded", "cancelled", "succeeded"]
    assert [effects(handle) for handle in handles] == [1, 0, 1]
    assert [columns(handle)["attempt"] for handle in handles] == [1, 1, 1]
    assert outcomes(handles[1]) == ["cancelled"]
    assert verbs(handles[1]) == ["accepted", "started", "cancelled"]


def test_an_on_commit_hook_runs_after_the_commit_and_sees_it(declare: Any, crew: Any):
    seen: list[Any] = []

    @declare("stage-hook")
    def hooked(context: Context) -> None:
        app.write(context)
        transaction.on_commit(lambda: seen.append(value("SELECT status FROM actions_execution LIMIT 1")))
        context.on_commit(lambda: seen.append(connection.in_atomic_block))

    hooked.invoke()
    crew().work()
    assert seen == ["succeeded", False]


def test_a_hook_that_raises_becomes_a_warning_and_the_execution_stays_succeeded(declare: Any, crew: Any):
    """F21: on_commit hooks"""
    after: list[str] = []

    @declare("stage-hook")
    def hooked(context: Context, bad: bool) -> None:
        app.write(context)
        context.log("working")
        if bad:
            transaction.on_commit(lambda: 1 / 0)
        transaction.on_commit(lambda: after.append(context.execution_id))

    handles = [hooked.invoke(bad=True), hooked.invoke(bad=False)]
    crew().work()
    assert [handle.status for handle in handles] == ["succeeded", "succeeded"]
    assert after == [handle.id for handle in handles]
    found = rows("SELECT lines::text FROM actions_attempt WHERE execution_id = %s", key_of(handles[0]))[0][0]
    assert "ZeroDivisionError" in found
    assert '"warning"' in found
    assert "working" in found
    assert (
        "warning"
        not in rows("SELECT lines::text FROM actions_attempt WHERE execution_id = %s", key_of(handles[1]))[0][0]
    )


def test_hooks_of_a_failed_handler_never_run(declare: Any, crew: Any):
    ran: list[str] = []

    @declare("stage-hook")
    def hooked(bad: bool) -> None:
        transaction.on_commit(lambda: ran.append("bad" if bad else "good"))
        if bad:
            raise RuntimeError

    hooked.invoke(bad=True)
    hooked.invoke(bad=False)
    crew().work()
    assert ran == ["good"]


def test_an_execution_accepted_by_a_handler_exists_only_if_that_succeeds(declare: Any, crew: Any):
    @declare("stage-parent")
    def parent(context: Context, bad: bool) -> None:
        app.noop.invoke(n=1, tags=["of", context.execution_id])
        if bad:
            raise RuntimeError

    good, bad = parent.invoke(bad=False), parent.invoke(bad=True)
    crew().work()
    assert (good.status, bad.status) == ("succeeded", "failed")
    assert rows("SELECT tags[2] FROM actions_execution WHERE action_id = 'test-noop'") == [(good.id,)]


def test_the_context_of_an_attempt_is_known_to_its_code_and_forgotten_after_it(declare: Any, crew: Any):
    from actions.definitions.context import current

    seen: list[Any] = []

    @declare("stage-current")
    def now() -> None:
        found = current.get()
        seen.append(found.execution_id if found else None)

    handle = now.invoke()
    crew().work()
    assert seen == [handle.id]
    assert current.get() is None


def test_a_handler_may_not_wait_for_what_it_has_accepted_itself(declare: Any, crew: Any):
    @declare("stage-waits")
    def waits() -> None:
        app.noop.invoke().result(timeout=5)

    handle = waits.invoke()
    crew().work()
    assert handle.error is not None
    assert handle.error["code"] == "transaction_open"


def test_a_handler_outside_the_transaction_settles_in_one_of_its_own(declare: Any, crew: Any):
    """atomic=False"""
    threads: list[int] = []

    @declare("stage-loose", atomic=False, effects="repeatable")
    def loose(context: Context, bad: bool) -> str:
        threads.append(threading.get_ident())
        assert not connection.in_atomic_block
        app.write(context)
        if bad:
            raise RuntimeError("after its write")
        return "done"

    good, bad = loose.invoke(bad=False), loose.invoke(bad=True)
    crew().work()
    assert (good.result(timeout=0), bad.status) == ("done", "failed")
    assert (effects(good), effects(bad)) == (1, 3)
