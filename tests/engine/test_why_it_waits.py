"""Why an execution waits: each reason is true of the claim. While it stands no claim takes it, and one does once it is gone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions import sleep, wait_for
from actions.definitions.registry import registry
from actions.engine import workers
from actions.engine.operate import pause
from actions.engine.operate.emit import emit
from actions.engine.operate.quiet_worker import quiet_worker, resume_worker
from actions.holds import Facts, Hold, reasons
from actions.queries import holds
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, key_of, rows, step_of

pytestmark = pytest.mark.usefixtures("engine")

WHY = "they asked"
Stage = Callable[..., Any]


def why(execution: Any) -> list[str]:
    return [reason.code for reason in holds.why(key_of(execution))]


def says(execution: Any) -> list[str]:
    return [reason.says for reason in holds.why(key_of(execution))]


def takes(worker: StageWorker, queue: str = "default") -> list[Any]:
    """What the worker takes, as one that hears what is asked of it."""
    asked = workers.beat(worker.session, worker=worker.worker, current=None)
    assert asked is not None
    return [] if asked.quiet or asked.stop else [claim.id for claim in worker.claim(queue)]


@contextmanager
def paused(kind: str, name: str) -> Iterator[None]:
    getattr(pause, f"pause_{kind}")(name, actor=ALICE, reason=WHY)
    yield
    getattr(pause, f"resume_{kind}")(name, actor=ALICE, reason=WHY)


@contextmanager
def quiet(worker: StageWorker) -> Iterator[None]:
    quiet_worker(str(worker.worker), actor=ALICE, reason=WHY)
    yield
    resume_worker(str(worker.worker), actor=ALICE, reason=WHY)


@pytest.mark.parametrize("retrying", [False, True])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize(
    ("kind", "name"), [("queue", "default"), ("action", "stage-held"), ("tag", "crm"), ("tag", "customer-42")]
)
def test_a_pause_is_said_while_no_claim_takes_it(
    declare: Stage, crew: Stage, kind: str, name: str, limited: bool, retrying: bool
):
    @declare("stage-held", tags=["crm"], max_concurrency=3 if limited else None)
    def act() -> None:
        raise RuntimeError("the CRM is down")

    worker = crew()
    waiting = act.invoke(tags=("customer-42",))
    if retrying:
        worker.settle(worker.claim())
    with paused(kind, name):
        assert says(waiting) == [f"The {kind} {name} is paused by Alice: {WHY}"]
        assert why(waiting) == [f"{kind}_paused"]
        assert takes(worker) == []
    assert why(waiting) == []
    assert takes(worker) == [key_of(waiting)]


def test_its_time_is_still_to_come(worker: StageWorker):
    waiting = app.noop.invoke()
    rows("UPDATE actions_execution SET available_at = '2999-01-01' WHERE id = %s", key_of(waiting))
    assert says(waiting) == ["It does not start before 2999-01-01 00:00:00 UTC."]
    assert takes(worker) == []
    rows("UPDATE actions_execution SET available_at = now() WHERE id = %s", key_of(waiting))
    assert (why(waiting), takes(worker)) == ([], [key_of(waiting)])


def test_nobody_serves_its_queue(declare: Stage, worker: StageWorker):
    @declare("stage-elsewhere", queue="elsewhere")
    def act() -> None: ...

    waiting = act.invoke()
    assert says(waiting) == ["No worker of the queue elsewhere is at work."]
    assert takes(worker) == []
    rows("UPDATE actions_worker SET queues = '{elsewhere}'")
    assert (why(waiting), takes(worker, "elsewhere")) == ([], [key_of(waiting)])


def test_all_workers_of_its_queue_take_nothing_new(crew: Stage):
    one, other = crew(), crew()
    waiting = app.noop.invoke()
    with quiet(one):
        assert why(waiting) == []
        with quiet(other):
            assert says(waiting) == ["All 2 workers of the queue default are quiet, and take nothing new."]
            assert takes(one) == takes(other) == []
    rows("UPDATE actions_worker SET stop_at = now()")
    assert says(waiting) == ["All 2 workers of the queue default are stopping, and take nothing new."]
    assert takes(one) == takes(other) == []
    rows("UPDATE actions_worker SET stop_at = NULL")
    assert takes(other) == [key_of(waiting)]


def test_as_many_run_as_may_at_once(declare: Stage, crew: Stage):
    @declare("stage-narrow", max_concurrency=2)
    def act() -> None: ...

    worker = crew()
    act.invoke_many([{}, {}])
    first = worker.claim() + worker.claim()
    waiting = act.invoke()
    assert says(waiting) == ["2 of stage-narrow run now, and at most 2 may at once (max_concurrency)."]
    assert takes(worker) == []
    worker.settle(first[:1])
    assert (why(waiting), takes(worker)) == ([], [key_of(waiting)])


def test_others_are_taken_first(declare: Stage, crew: Stage):
    @declare("stage-narrow", max_concurrency=1)
    def narrow() -> None: ...

    worker = crew()
    narrow.invoke()
    app.noop.invoke(tags=("held",))
    early = app.external.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    rows("UPDATE actions_execution SET priority = -1 WHERE id = %s", key_of(early))
    first = app.external.invoke_many([{}, {}])
    waiting, limited = app.external.invoke(), narrow.invoke()
    with paused("tag", "held"):
        assert says(waiting) == ["2 due executions in the queue default are taken before it."]
        assert says(limited) == ["1 due execution of stage-narrow is taken before it."]
        for handle in first:
            claims = worker.claimer._claim_open("default", worker.worker)
            assert [claim.id for claim in claims] == [key_of(handle)]
        assert why(waiting) == []
        claims = worker.claimer._claim_open("default", worker.worker)
        assert [claim.id for claim in claims] == [key_of(waiting)]


def test_a_long_queue_is_not_counted_to_its_end(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(holds, "MOST_BEFORE", 3)
    handles = app.external.invoke_many([{}] * 6)
    assert says(handles[3]) == ["3 due executions in the queue default are taken before it."]
    assert says(handles[5]) == ["At least 4 due executions in the queue default are taken before it."]


def test_an_action_with_a_limit_that_the_code_has_no_more(declare: Stage, crew: Stage):
    @declare("stage-gone", max_concurrency=1)
    def act() -> None: ...

    @declare("stage-gone-open")
    def free() -> None: ...

    waiting, open_ = act.invoke(), free.invoke()
    found = [registry.find(name) for name in ("stage-gone", "stage-gone-open")]
    for one in found:
        registry.remove(one.name)
    worker = crew()
    assert why(waiting) == ["not_in_code"]
    assert why(open_) == []
    assert takes(worker) == [key_of(open_)]
    assert takes(worker) == []
    registry.add(found[0])
    assert takes(crew()) == [key_of(waiting)]
    assert why(waiting) == []


def test_an_action_with_a_limit_that_has_another_queue_now(declare: Stage, crew: Stage):
    @declare("stage-moved", max_concurrency=1)
    def act() -> None: ...

    waiting = act.invoke()
    act.queue = "elsewhere"
    worker = crew()
    assert why(waiting) == ["other_queue"]
    assert takes(worker) == takes(worker, "elsewhere") == []
    act.queue = "default"
    assert (takes(crew()), why(waiting)) == ([key_of(waiting)], [])


def test_workflows_and_their_steps_wait_for_others(compose: Stage, crew: Stage):
    @compose("stage-waits")
    def flow() -> None:
        first = app.external.start(step="first")
        app.external.start(after=[first], step="second")
        first.result()
        wait_for("approved")
        sleep(3600)

    worker = crew()
    handle = flow.invoke()
    worker.settle(worker.claim())
    assert says(handle) == ["It waits for its steps."]
    assert says(step_of(handle, "second")) == ["It waits for the steps that come before it."]
    worker.work(waiting=False)
    assert says(handle) == ["It waits for the event 'approved'."]
    emit(handle.id, "approved", actor=ALICE, reason=WHY)
    worker.work(waiting=False)
    assert why(handle) == ["time"]


def test_what_is_at_work_or_has_ended_waits_for_nothing(worker: StageWorker):
    handle = app.noop.invoke()
    with paused("queue", "default"):
        assert why(handle) == ["queue_paused"]
    claims = worker.claim()
    assert why(handle) == []
    worker.settle(claims)
    assert why(handle) == []


def test_a_pause_until_a_time_and_one_that_is_foreseen():
    until = datetime(2999, 1, 1, 12, tzinfo=UTC)
    facts = Facts(
        action="a", queue="q", workers=0, quiet=1, stopping=1, available_at=until,
        pauses=(Hold("queue", "q", "Alice", "", until),),
    )  # fmt: skip
    assert [reason.foreseen for reason in reasons(facts)] == [
        "It would wait: the queue q is paused by Alice until 2999-01-01 12:00:00 UTC.",
        "It would wait: all 2 workers of the queue q are quiet or stopping, and take nothing new.",
        "It would not start before 2999-01-01 12:00:00 UTC.",
    ]
