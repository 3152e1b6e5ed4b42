"""Bulk operations: frozen when asked for, done one by one with an outcome each, however often the worker dies."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User

from actions.definitions.actor import CODE
from actions.engine import access
from actions.engine.bulk import work as work_module
from actions.engine.bulk.abort import abort
from actions.engine.bulk.begin import MOST, Seen, begin
from actions.engine.bulk.freeze import freeze
from actions.engine.maintain import prune
from actions.engine.operate.cancel import cancel
from actions.engine.operate.replay import replay
from actions.engine.operate.run_now import run_now
from actions.errors import BulkOperationNotFound, Forbidden, InvalidInput, ReasonRequired, Refused
from actions.models import BulkItem, BulkOperation, BulkSelection
from actions.testing import InlineWorker, inline_worker
from tests.app import actions as app
from tests.stage import column, columns, key_of, rows, verbs

WHY = "the mail server is back"


@pytest.fixture
def worker(engine: None) -> Iterator[InlineWorker]:
    with inline_worker() as inline:
        yield inline


@pytest.fixture
def olga(engine: None) -> User:
    """May retry, nothing else."""
    user = User.objects.create_user("olga")
    user.user_permissions.add(Permission.objects.get(codename="retry", content_type__app_label="actions"))
    return user


def failed(worker: InlineWorker, number: int) -> list[str]:
    handles = [app.fail.invoke(message=f"broken {place}") for place in range(number)]
    worker.work(waiting=True)
    return [handle.id for handle in handles]


def seen(*ids: str) -> list[Seen]:
    return [Seen(key_of(id_), column(id_, "attempt")) for id_ in ids]


def outcomes_of(operation: UUID) -> list[tuple[str | None, str]]:
    return list(BulkItem.objects.filter(operation=operation).order_by("position").values_list("outcome", "code"))


def test_every_item_gets_its_verb_and_its_outcome(worker: InlineWorker):
    ids = failed(worker, 3)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY, query="state:failed")
    worker.work()
    assert outcomes_of(begun.id) == [("done", "")] * 3
    assert all("retried" in verbs(id_) for id_ in ids)
    operation = BulkOperation.objects.get(pk=begun.id)
    assert operation.finished_at is not None
    assert column_of(operation) == {"done": 3, "skipped": 0, "failed": 0, "left": 0}


def column_of(operation: BulkOperation) -> object:
    return operation.execution.result if operation.execution else None


def test_what_has_changed_since_the_preview_is_skipped_and_says_why(worker: InlineWorker):
    ids = failed(worker, 2)
    chosen = seen(*ids)
    begin("retry", chosen[:1], actor=CODE, reason="first")
    worker.work(waiting=True)
    second = begin("retry", chosen, actor=CODE, reason="second")
    worker.work()
    assert outcomes_of(second.id) == [("skipped", "not_retryable"), ("done", "")]


@pytest.mark.parametrize("verb", ["run_now", "cancel", "replay"])
def test_what_began_another_attempt_since_it_was_chosen_is_skipped(worker: InlineWorker, verb: str):
    (id_,) = failed(worker, 1)
    before = verbs(id_)
    begun = begin(verb, [Seen(key_of(id_), column(id_, "attempt") - 1)], actor=CODE, reason=WHY)
    if verb != "replay":
        rows("UPDATE actions_execution SET status = 'retrying', finished_at = NULL WHERE id = %s", key_of(id_))
        rows("UPDATE actions_execution SET available_at = now() + interval '1 hour' WHERE id = %s", key_of(id_))
    worker.work()
    (item,) = BulkItem.objects.filter(operation=begun.id)
    assert (item.outcome, item.code) == ("skipped", "refused")
    assert "has moved on since it was chosen" in item.message
    assert verbs(id_) == before


@pytest.mark.parametrize("act", [run_now, cancel, replay])
def test_verbs_refuse_another_attempt_than_the_one_that_was_seen(worker: InlineWorker, act: Callable[..., object]):
    handle = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Refused):
        act(handle.id, actor=CODE, reason=WHY, seen_attempt=7)
    assert column(handle, "status") == "queued"
    assert rows("SELECT count(*) FROM actions_execution") == [(1,)]
    act(handle.id, actor=CODE, reason=WHY, seen_attempt=0)


def test_executions_that_were_pruned_meanwhile_are_skipped(worker: InlineWorker):
    ids = failed(worker, 2)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY)
    rows("DELETE FROM actions_execution WHERE id = %s", key_of(ids[0]))
    worker.work()
    assert outcomes_of(begun.id) == [("skipped", "execution_not_found"), ("done", "")]


@pytest.mark.parametrize("verb", ["cancel", "run_now"])
def test_verbs_on_what_has_not_started(worker: InlineWorker, verb: str):
    handle = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    begun = begin(verb, seen(handle.id), actor=CODE, reason=WHY)
    worker.work()
    assert outcomes_of(begun.id) == [("done", "")]
    assert column(handle, "status") == {"cancel": "cancelled", "run_now": "succeeded"}[verb]


def test_replays_are_linked_and_made_once(worker: InlineWorker):
    (id_,) = failed(worker, 1)
    begun = begin("replay", seen(id_), actor=CODE, reason=WHY)
    worker.work()
    made = BulkItem.objects.get(operation=begun.id).made
    assert rows("SELECT replay_of_id FROM actions_execution WHERE id = %s", made) == [(key_of(id_),)]


def test_a_worker_that_dies_in_the_middle_repeats_nothing(worker: InlineWorker, monkeypatch: pytest.MonkeyPatch):
    ids = failed(worker, 4)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY)
    calls = []
    real = work_module._settle

    def dying(item, act):
        calls.append(item.position)
        if len(calls) == 3:
            raise RuntimeError("killed")
        real(item, act)

    monkeypatch.setattr(work_module, "_settle", dying)
    worker.work(waiting=True)
    assert calls[:4] == [1, 2, 3, 3]
    assert outcomes_of(begun.id) == [("done", "")] * 4
    assert [verbs(id_).count("retried") for id_ in ids] == [1, 1, 1, 1]


def test_a_long_one_makes_room_for_other_work(worker: InlineWorker, monkeypatch: pytest.MonkeyPatch):
    ids = failed(worker, 3)
    monkeypatch.setattr(work_module, "_SLICE", -1.0)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY)
    monkeypatch.setattr(work_module, "_aborted", lambda operation: monkeypatch.setattr(work_module, "_SLICE", 5.0))
    worker.work(waiting=True)
    operation = BulkOperation.objects.get(pk=begun.id)
    assert outcomes_of(begun.id) == [("done", "")] * 3
    assert columns(operation.execution.public_id)["tries"] == 0


def test_workers_that_are_lost_count_since_it_last_got_further(worker: InlineWorker, monkeypatch: pytest.MonkeyPatch):
    ids = failed(worker, 3)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY)
    execution = BulkOperation.objects.get(pk=begun.id).execution
    rows("UPDATE actions_execution SET losses = 2 WHERE id = %s", execution.pk)
    found: list[int] = []
    real = work_module._settle

    def looked(item, act):
        found.append(column(execution.public_id, "losses"))
        real(item, act)

    monkeypatch.setattr(work_module, "_settle", looked)
    worker.work()
    assert found == [2, 0, 0]


def test_old_operations_go_with_the_retention_and_forgotten_selections_after_a_day(worker: InlineWorker):
    ids = failed(worker, 2)
    old, young, going = (begin("retry", seen(*ids), actor=CODE, reason=WHY) for _ in range(3))
    rows("UPDATE actions_bulkoperation SET finished_at = now() - interval '40 days' WHERE id = %s", old.id)
    rows("UPDATE actions_bulkoperation SET finished_at = now() WHERE id = %s", young.id)
    rows("UPDATE actions_bulkoperation SET created_at = now() - interval '40 days' WHERE id = %s", going.id)
    kept, forgotten = (freeze("retry", seen(*ids), actor=CODE) for _ in range(2))
    rows("UPDATE actions_bulkselection SET created_at = now() - interval '25 hours' WHERE id = %s", forgotten)
    prune(days=30)
    assert set(BulkOperation.objects.values_list("pk", flat=True)) == {young.id, going.id}
    assert set(BulkItem.objects.values_list("operation", flat=True)) == {young.id, going.id}
    assert list(BulkSelection.objects.values_list("pk", flat=True)) == [kept]
    rows("DELETE FROM actions_execution WHERE id = %s", BulkOperation.objects.get(pk=going.id).execution_id)
    prune(days=30)
    assert set(BulkOperation.objects.values_list("pk", flat=True)) == {young.id}


def test_an_aborted_operation_leaves_the_rest_undone(worker: InlineWorker):
    ids = failed(worker, 2)
    begun = begin("retry", seen(*ids), actor=CODE, reason=WHY)
    assert abort(begun.id, actor=CODE, reason="too many")
    assert not abort(begun.id, actor=CODE, reason="too many")
    worker.work()
    assert outcomes_of(begun.id) == [(None, "")] * 2
    assert column_of(BulkOperation.objects.get(pk=begun.id))["left"] == 2
    found = rows("SELECT verb FROM actions_auditentry WHERE verb LIKE 'bulk.%%' ORDER BY id")
    assert [row[0] for row in found] == ["bulk.begun", "bulk.aborted", "bulk.finished"]


def test_the_same_wish_sent_twice_is_one_operation(worker: InlineWorker):
    ids = failed(worker, 1)
    first = begin("retry", seen(*ids), actor=CODE, reason=WHY, idempotency_key="form-1")
    second = begin("retry", seen(*ids), actor=CODE, reason=WHY, idempotency_key="form-1")
    assert (second.id, second.replayed) == (first.id, True)
    assert BulkOperation.objects.count() == 1


def test_the_same_key_for_another_wish_is_refused(worker: InlineWorker):
    chosen = seen(*failed(worker, 2))
    begin("retry", chosen, actor=CODE, reason=WHY, idempotency_key="form-1")
    for verb, selection in (("cancel", chosen), ("retry", chosen[:1]), ("retry", chosen[::-1])):
        with pytest.raises(InvalidInput) as refused:
            begin(verb, selection, actor=CODE, reason=WHY, idempotency_key="form-1")
        assert refused.value.code == "idempotency_key_reused"
    assert BulkOperation.objects.count() == 1


def test_a_worker_that_was_taken_for_dead_does_no_item_again(worker: InlineWorker):
    """The item is taken in the transaction that acts, whatever was read before."""
    begun = begin("retry", seen(*failed(worker, 1)), actor=CODE, reason=WHY)
    (item,) = BulkItem.objects.filter(operation=begun.id)
    done: list[BulkItem] = []
    for _ in range(2):
        work_module._settle(item, done.append)
    assert done == [item]
    assert outcomes_of(begun.id) == [("done", "")]


def test_a_permission_that_was_taken_away_ends_it(worker: InlineWorker, olga: User):
    """S-16: asked again when it acts."""
    ids = failed(worker, 2)
    begun = begin("retry", seen(*ids), actor=access.actor_of(olga), reason=WHY)
    olga.user_permissions.clear()
    worker.work(waiting=True)
    assert outcomes_of(begun.id) == [(None, "")] * 2
    assert [verbs(id_).count("retried") for id_ in ids] == [0, 0]
    denied = rows("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'")
    assert denied == [(1,)]


def test_who_may_not_cannot_begin(worker: InlineWorker, olga: User):
    (id_,) = failed(worker, 1)
    with pytest.raises(Forbidden):
        begin("cancel", seen(id_), actor=access.actor_of(olga), reason=WHY)
    with pytest.raises(ReasonRequired):
        begin("retry", seen(id_), actor=access.actor_of(olga))
    assert not BulkOperation.objects.exists()


def test_sizes_rates_and_verbs_that_cannot_be_are_refused(engine: None):
    one = Seen(UUID(int=1), 1)
    for selection in ([], [Seen(UUID(int=number), 1) for number in range(MOST + 1)], [one, one]):
        with pytest.raises(InvalidInput):
            begin("retry", selection, actor=CODE)
    for rate in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(InvalidInput):
            begin("retry", [one], actor=CODE, per_second=rate)
    with pytest.raises(InvalidInput):
        begin("delete", [one], actor=CODE)
    with pytest.raises(BulkOperationNotFound):
        abort(UUID(int=5), actor=CODE)
