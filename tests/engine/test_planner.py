"""What keeps a claim quick: a plan that is made once, and an index without its past."""

from typing import Any

import pytest

from actions import prepared
from actions.engine import planner
from actions.engine.statements import raw
from tests.app import actions as app
from tests.stage import StageWorker, rows, value

pytestmark = pytest.mark.usefixtures("engine")

_PLANS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%%SKIP LOCKED%%'"


def test_a_claim_is_not_planned_anew_once_there_was_a_backlog(worker: StageWorker):
    """A limit that the planner does not see is a tenth of the backlog to it, which looks dearer than a plan for each claim;
    what it has once thought so of a kept plan, it does not think over."""
    for _ in range(10):
        assert worker.claim() == []
    app.noop.invoke_many([{}] * 3_000)
    rows("ANALYZE actions_execution")
    for _ in range(20):
        assert len(worker.claim()) == 32
    ((generic, custom),) = rows(_PLANS)
    assert (generic, custom) == (30, 0)


def test_the_size_of_a_group_may_change(worker: StageWorker, settings: Any):
    app.noop.invoke_many([{}] * 10)
    settings.DOPLATFORM = {**settings.DOPLATFORM, "GROUP_SIZE": 3}
    assert len(worker.claim()) == 3
    settings.DOPLATFORM = {**settings.DOPLATFORM, "GROUP_SIZE": 4}
    assert len(worker.claim()) == 4


@pytest.mark.parametrize("value", ["it's; %(x)s", "\\\\' OR 1=1 --", "äöü", '"{,}"'])
def test_what_stands_in_a_text_is_quoted(value: str):
    statement = "SELECT %(TEXT)s::text, %(LIST)s::text[], %(plain)s::text"
    params = {"TEXT": value, "LIST": [value, "other"], "plain": value}
    assert prepared.execute(raw(), f"test {value}", statement, params) == [(value, [value, "other"], value)]


def test_of_many_constants_the_oldest_are_forgotten():
    for number in range(200):
        assert prepared.execute(raw(), "test", "SELECT %(NUMBER)s::int", {"NUMBER": number}) == [(number,)]
    assert value("SELECT count(*) FROM pg_prepared_statements") <= 64
    assert prepared.execute(raw(), "test", "SELECT %(NUMBER)s::int", {"NUMBER": 0}) == [(0,)]


def test_what_was_claimed_is_taken_out_of_the_index(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(planner, "_MOST_DEAD", 100)
    app.noop.invoke_many([{}] * 200)
    worker.work(most=300)
    rows("SELECT pg_stat_force_next_flush()")
    assert value("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'actions_execution'") > 100
    assert "vacuum_execution" in planner.tidy()
    assert value("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'actions_execution'") < 100


def test_a_large_table_is_left_to_autovacuum(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(planner, "_MOST_DEAD", -1)
    monkeypatch.setattr(planner, "_LARGEST", 0)
    assert not any(name.startswith("vacuum") for name in planner.tidy())


def test_every_vacuum_takes_out_dead_entries_however_few():
    assert "vacuum_index_cleanup=on" in value("SELECT reloptions FROM pg_class WHERE relname = 'actions_execution'")
