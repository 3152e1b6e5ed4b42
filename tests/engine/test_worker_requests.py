"""What operators ask of one worker: who is told what, what the audit keeps, and what its heartbeat hears."""

from typing import Any

import pytest
from django.db import transaction

from actions.engine import workers
from actions.engine.access import actor_of
from actions.engine.heartbeat import Heartbeat
from actions.engine.operate.quiet_worker import quiet_worker, resume_worker
from actions.engine.operate.stop_worker import stop_worker
from actions.engine.workers import Asked, Registration
from actions.errors import ReasonRequired, WorkerGone, WorkerNotFound, WorkerStopping
from actions.models import Worker
from actions.queries import crew, queues
from actions.queries.alarms import alarms
from actions.queries.health import health
from tests.keyring import person
from tests.stage import ALICE, BOB, Elsewhere, StageWorker, rows, session, value

pytestmark = pytest.mark.usefixtures("engine")
PLACE = Registration("worker", "here", 1, ["default", "mail"])


def audit() -> list[tuple[str, str, str]]:
    return rows("SELECT verb, actor_label, reason FROM actions_auditentry WHERE verb LIKE 'worker.%%' ORDER BY id")


def states() -> list[str]:
    return [one.state for one in crew.workers()]


def test_a_quiet_worker_hears_it_with_its_next_heartbeat_and_again_when_it_is_resumed(worker: StageWorker):
    number = str(worker.worker)
    told = quiet_worker(number, actor=ALICE, reason="it leaks")
    assert (told.changed, told.hears, told.worker) == (True, True, worker.worker)
    assert states() == ["quiet"]
    assert not crew.workers()[0].heard
    assert workers.beat(worker.session, worker=worker.worker, current=None) == Asked(quiet=True, stop=False)
    assert crew.workers()[0].heard
    assert resume_worker(number, actor=BOB, reason="mended").changed
    assert workers.beat(worker.session, worker=worker.worker, current=None) == Asked(quiet=False, stop=False)
    assert states() == ["live"]
    assert audit() == [("worker.quieted", "Alice", "it leaks"), ("worker.resumed", "Bob", "mended")]


def test_who_asks_for_what_was_asked_for_is_told_who_was_first(worker: StageWorker):
    number = str(worker.worker)
    quiet_worker(number, actor=ALICE, reason="it leaks")
    second = quiet_worker(number, actor=BOB, reason="me too")
    assert (second.changed, second.by, second.reason) == (False, "Alice", "it leaks")
    assert second.at is not None
    stop_worker(number, actor=BOB, reason="enough")
    third = stop_worker(number, actor=ALICE, reason="enough")
    assert (third.changed, third.by) == (False, "Bob")
    assert [verb for verb, *_ in audit()] == ["worker.quieted", "worker.stopped"]


def test_of_two_at_once_the_one_that_waited_is_told_of_the_other(worker: StageWorker):
    number = str(worker.worker)
    with transaction.atomic():
        stop_worker(number, actor=ALICE, reason="enough")
        second = Elsewhere(lambda: stop_worker(number, actor=BOB, reason="me too"))
        beside = Elsewhere(lambda: quiet_worker(number, actor=BOB, reason="gently"))
        waited = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
        while value(waited) < 2:
            assert not second.ended()
            assert not beside.ended()
    assert (second.outcome().changed, second.outcome().by) == (False, "Alice")
    with pytest.raises(WorkerStopping, match="by Alice"):
        beside.outcome()
    assert [verb for verb, *_ in audit()] == ["worker.stopped"]


def test_a_stop_cannot_be_taken_back_and_a_resume_of_who_is_not_quiet_changes_nothing(worker: StageWorker):
    number = str(worker.worker)
    assert not resume_worker(number, actor=ALICE, reason="go on").changed
    stop_worker(number, actor=ALICE, reason="enough")
    for verb in (quiet_worker, resume_worker):
        with pytest.raises(WorkerStopping):
            verb(number, actor=BOB, reason="no")
    assert [verb for verb, *_ in audit()] == ["worker.stopped"]
    assert states() == ["stopping"]


@pytest.mark.parametrize("number", ["", "0", "-1", "1.5", "x", "\x00", "²", "999", "2147483648", "9" * 400])
def test_what_is_no_worker_is_not_found(number: str):
    with pytest.raises(WorkerNotFound):
        quiet_worker(number, actor=ALICE, reason="why")


def test_a_worker_that_has_ended_is_told_nothing(worker: StageWorker):
    workers.leave(worker.session, worker=worker.worker)
    for verb in (quiet_worker, resume_worker, stop_worker):
        with pytest.raises(WorkerGone, match="ended at"):
            verb(str(worker.worker), actor=ALICE, reason="why")
    assert audit() == []


def test_the_answer_about_a_dead_one_says_that_it_does_not_hear(crew: Any):
    killed, frozen = crew(), crew()
    killed.crash()
    frozen.freeze()
    assert not stop_worker(str(killed.worker), actor=ALICE, reason="why").hears
    assert not stop_worker(str(frozen.worker), actor=ALICE, reason="why").hears


def test_people_say_why(worker: StageWorker):
    with pytest.raises(ReasonRequired):
        quiet_worker(str(worker.worker), actor=actor_of(person("ada", "manage_workers")), reason=" ")
    assert states() == ["live"]


def test_a_process_that_registers_again_is_still_asked(worker: StageWorker):
    quiet_worker(str(worker.worker), actor=ALICE, reason="it leaks")
    stop_worker(str(worker.worker), actor=BOB, reason="enough")
    with session() as other:
        again = workers.register(other, PLACE, before=worker.worker)
        new = workers.register(other, PLACE)
        assert workers.beat(other, worker=again, current=None) == Asked(quiet=True, stop=True)
        assert workers.beat(other, worker=new, current=None) == Asked(quiet=False, stop=False)
    row = Worker.objects.get(pk=again)
    assert (row.quiet_by, row.quiet_reason, row.stop_by, row.stop_reason) == ("Alice", "it leaks", "Bob", "enough")


def test_a_heartbeat_ends_its_process_once_and_forgets_no_quiet_when_it_begins_anew():
    ends: list[int] = []
    heartbeat = Heartbeat(connect=session, registration=PLACE, end=lambda: ends.append(1))
    heartbeat.start()
    first = heartbeat.worker
    try:
        assert heartbeat.wait_while_quiet(0)
        quiet_worker(str(first), actor=ALICE, reason="it leaks")
        heartbeat._beat_once()
        assert heartbeat.quiet
        rows("UPDATE actions_worker SET gone_at = now() WHERE id = %s", first)
        heartbeat._beat_once()
        assert heartbeat.worker != first
        heartbeat._beat_once()
        assert heartbeat.quiet
        stop_worker(str(heartbeat.worker), actor=ALICE, reason="enough")
        heartbeat._beat_once()
        heartbeat._beat_once()
        assert ends == [1]
    finally:
        heartbeat.stop()


def test_quiet_and_stopping_workers_serve_no_queue(crew: Any):
    one, two, three = crew(), crew(), crew()
    quiet_worker(str(one.worker), actor=ALICE, reason="it leaks")
    stop_worker(str(two.worker), actor=ALICE, reason="enough")
    state = next(queue for queue in queues.queues() if queue.name == "default")
    assert (state.workers, state.quiet) == (1, 1)
    assert workers.count_live("default") == (1, 1)
    three.freeze()
    found = alarms(maintain_lock=1)
    assert (found.workers, found.quiet, found.stopping, found.silent) == (0, 1, 1, 1)
    assert (health().workers, health().quiet, health().silent) == (0, 2, 1)
    assert workers.count_live("default") == (0, 1)
