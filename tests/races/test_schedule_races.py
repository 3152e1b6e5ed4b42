"""One due time, and several who are at it at once: maintainers, and people who pause, change and remove."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions.engine.lift import lift
from actions.engine.schedules.change import change
from actions.engine.schedules.fire import fire
from actions.engine.schedules.make import make
from actions.engine.schedules.pause import pause, resume
from actions.engine.schedules.remove import remove
from actions.engine.schedules.wanted import Wanted
from actions.engine.sync import sync
from tests.races.interleaving import Place, at_end_of, meet
from tests.stage import ALICE, all_at_once, rows, value

pytestmark = pytest.mark.usefixtures("engine")

_WANTED = Wanted(name="nightly", cron="0 0 1 1 *")


@pytest.fixture
def schedule() -> int:
    """One that is due now."""
    sync()
    made = make("test-noop", _WANTED, actor=ALICE)
    rows("UPDATE actions_schedule SET next_at = date_trunc('second', now()) WHERE id = %s", made)
    return made


def executions() -> int:
    return int(value("SELECT count(*) FROM actions_execution"))


def test_two_maintainers_that_both_think_they_lead_fire_once(schedule: int, place: Callable[[str], Place]):
    """I-15, F16: the second finds it taken, and does not wait"""
    assert meet(place("schedules.accepted"), fire, fire) == [True, False]
    assert executions() == 1
    assert not fire()


def test_a_crowd_of_maintainers_fires_each_time_once(schedule: int):
    for _ in range(5):
        rows("UPDATE actions_schedule SET next_at = coalesce(last_at, now()) + interval '1 microsecond'")
        rows("UPDATE actions_schedule SET next_at = date_trunc('second', now())")
        before = executions()
        due = value(
            "SELECT to_char(next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM actions_schedule"
        )
        assert not [one for one in all_at_once([fire] * 6) if isinstance(one, Exception)]
        mine = value("SELECT count(*) FROM actions_execution WHERE idempotency_key = %s", f"schedule:{schedule}:{due}")
        assert mine == 1
        assert executions() <= before + 1


def test_a_maintainer_that_read_before_another_fired_finds_the_key_taken(schedule: int):
    """The row's lock aside, the key alone keeps it to one"""
    assert fire()
    rows("UPDATE actions_schedule SET next_at = last_at")
    assert all_at_once([fire, fire]).count(True) >= 1
    assert executions() == 1


def test_who_pauses_while_it_fires_waits_and_pauses_what_comes_after(schedule: int, place: Callable[[str], Place]):
    assert meet(place("schedules.accepted"), fire, lambda: pause(schedule, actor=ALICE)) == [True, True]
    assert executions() == 1
    assert value("SELECT next_at FROM actions_schedule") is None


@pytest.mark.parametrize("verb", ["pause", "remove", "change"])
def test_what_is_being_paused_removed_or_changed_is_left_alone(schedule: int, verb: str):
    acts: dict[str, Callable[[], Any]] = {
        "pause": lambda: pause(schedule, actor=ALICE),
        "remove": lambda: remove(schedule, actor=ALICE),
        "change": lambda: change(schedule, Wanted(name="nightly", cron="0 0 2 1 *"), actor=ALICE),
    }
    stands = Place()
    first, second = meet(stands, at_end_of(acts[verb], stands), fire)
    assert (bool(first), second) == (True, False)
    assert not fire()
    assert executions() == 0


def test_two_who_resume_at_once_resume_once(schedule: int):
    pause(schedule, actor=ALICE)
    assert sorted(all_at_once([lambda: resume(schedule, actor=ALICE)] * 2)) == [False, True]
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'schedule.resumed'") == 1


def again() -> bool:
    """Resumed by hand and paused anew, for longer."""
    schedule = value("SELECT id FROM actions_schedule")
    assert resume(schedule, actor=ALICE)
    return pause(schedule, actor=ALICE, until=datetime.now(UTC) + timedelta(days=1))


def resumed() -> bool:
    return resume(value("SELECT id FROM actions_schedule"), actor=ALICE)


_LIFTED = ["schedule test-noop/nightly"]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (resumed, lift, [True, []]),
        (again, lift, [True, []]),
        (lift, resumed, [_LIFTED, False]),
        (lift, lift, [_LIFTED, []]),
    ],
    ids=["resumed", "paused anew", "lifted", "lifted twice"],
)
def test_who_acts_as_its_time_comes_and_maintain_resume_it_once(
    schedule: int, first: Callable[[], Any], second: Callable[[], Any], found: list[Any]
):
    pause(schedule, actor=ALICE, until=datetime.now(UTC) + timedelta(minutes=1))
    rows("UPDATE actions_schedule SET paused_until = now() - interval '1 second'")
    stands = Place()
    assert meet(stands, at_end_of(first, stands), second) == found
    assert value("SELECT paused_until IS NOT NULL AND next_at IS NULL FROM actions_schedule") is (first is again)
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'schedule.resumed'") == 1


def test_two_who_make_the_same_at_once_make_one(schedule: int):
    wanted = Wanted(name="other", cron="0 0 1 1 *")
    made = all_at_once([lambda: make("test-noop", wanted, actor=ALICE)] * 4)
    assert sum(isinstance(one, int) for one in made) == 1
    assert {one.code for one in made if isinstance(one, Exception)} == {"name_taken"}


def test_processes_that_start_together_write_a_declared_schedule_once(schedule: int, declare: Callable[..., Any]):
    from actions import Schedule

    @declare("stage-declared", schedules=[Schedule("0 0 1 1 *")])
    def act() -> None: ...

    rows("DELETE FROM actions_schedule; TRUNCATE actions_auditentry")
    assert all_at_once([sync] * 4) == [None] * 4
    assert value("SELECT count(*) FROM actions_schedule") == 1
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'schedule.created'") == 1
