"""invoke_many: many executions of one action in one statement, all or none."""

import pytest

from actions import Handle, IdempotencyConflict, InvalidParams
from actions.errors import InvalidInput
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, column, columns, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")


def count() -> int:
    return int(value("SELECT count(*) FROM actions_execution"))


def test_each_item_becomes_an_execution_in_its_order(worker: StageWorker):
    handles = app.echo.invoke_many([{"value": n} for n in range(100)], actor=ALICE, priority=4)
    assert [column(handle, "params")["value"] for handle in handles[:5]] == [0, 1, 2, 3, 4]
    assert [handle.id for handle in handles] == sorted(handle.id for handle in handles)
    assert (columns(handles[7])["actor_label"], columns(handles[7])["priority"]) == ("Alice", 4)
    assert verbs(handles[99]) == ["accepted"]
    assert worker.work() == 100
    assert [handle.result(timeout=0) for handle in handles] == list(range(100))


def test_nothing_asked_for_is_nothing_stored():
    assert app.noop.invoke_many([]) == []
    assert count() == 0


def test_one_bad_item_refuses_all():
    with pytest.raises(InvalidParams):
        app.noop.invoke_many([{"n": 1}, {"n": "2"}, {"n": 3}])
    assert count() == 0
    assert value("SELECT count(*) FROM actions_auditentry") == 0


def test_one_conflict_refuses_all():
    app.noop.invoke(n=1, idempotency_key="b")
    with pytest.raises(IdempotencyConflict):
        app.noop.invoke_many([{"n": 0}, {"n": 2}], idempotency_keys=["a", "b"])
    assert count() == 1


def test_known_keys_are_answered_with_their_executions():
    first = app.noop.invoke(n=1, idempotency_key="b")
    handles = app.noop.invoke_many([{"n": 0}, {"n": 1}, {}], idempotency_keys=["a", "b", None])
    assert [handle.replayed for handle in handles] == [False, True, False]
    assert handles[1] == Handle(first.id, True)
    assert count() == 3


@pytest.mark.parametrize("params", [[{"n": 1}, {"n": 1}], [{"n": 1}, {"n": 2}]])
def test_a_key_that_stands_twice_is_refused(params: list[dict[str, int]]):
    with pytest.raises(InvalidInput) as caught:
        app.noop.invoke_many(params, idempotency_keys=["a", "a"])
    assert caught.value.code == "duplicate_key"
    assert count() == 0


def test_as_many_keys_as_items():
    with pytest.raises(ValueError, match="2 items but 1 idempotency keys"):
        app.noop.invoke_many([{}, {}], idempotency_keys=["a"])


def test_all_of_them_and_their_entries_are_of_one_transaction():
    """I-09"""
    app.noop.invoke_many([{}] * 5)
    assert (
        value(
            "SELECT count(DISTINCT xid) FROM (SELECT xmin::text AS xid FROM actions_execution "
            "UNION SELECT xmin::text FROM actions_auditentry) AS writers"
        )
        == 1
    )
    assert rows("SELECT count(*) FROM actions_auditentry") == [(5,)]
