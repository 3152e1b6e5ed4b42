"""A schedule that is paused until a time goes on with the first of its times from then on."""

from datetime import UTC, datetime, timedelta

import pytest

from actions.engine.lift import REASON, lift
from actions.engine.operate.pause import pause_queue
from actions.engine.schedules.fire import fire
from actions.engine.schedules.pause import pause, resume
from actions.engine.sync import sync
from actions.errors import InvalidInput
from tests.engine.scheduling import YEARLY, audited, made, of, started
from tests.stage import ALICE, rows

pytestmark = pytest.mark.usefixtures("engine")
MINUTELY = "* * * * *"


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    sync()


def paused(cron: str = YEARLY, ago: timedelta = timedelta(0), **wanted: str) -> tuple[int, datetime]:
    """One that was paused for hours, until the minute that began so long ago; its id and that time."""
    schedule = made(cron=cron, **wanted)
    pause(schedule, actor=ALICE, reason="deploy", until=datetime.now(UTC) + timedelta(hours=1))
    rows(
        "UPDATE actions_schedule SET paused_at = now() - interval '5 hours', "
        "paused_until = date_trunc('minute', now()) - %s WHERE id = %s",
        ago,
        schedule,
    )
    return schedule, of(schedule)["paused_until"]


def test_it_is_kept_with_its_time_and_resumed_by_the_platform():
    schedule = made()
    until = datetime.now(UTC) + timedelta(hours=1)
    assert pause(schedule, actor=ALICE, reason="deploy", until=until)
    assert not pause(schedule, actor=ALICE, reason="again")
    assert (of(schedule)["paused_until"], of(schedule)["next_at"]) == (until, None)
    assert audited("paused") == [{"schedule": schedule, "name": "nightly", "until": until.isoformat()}]
    assert lift() == []
    rows("UPDATE actions_schedule SET paused_until = now()")
    assert lift() == ["schedule test-noop/nightly"]
    now = of(schedule)
    assert (now["paused_at"], now["paused_by"], now["paused_reason"], now["paused_until"]) == (None, "", "", None)
    assert f"{now['next_at']:%m-%d %H:%M}" == "01-01 00:00"
    entries = rows("SELECT actor_label, reason, action FROM actions_auditentry WHERE verb = 'schedule.resumed'")
    assert entries == [("doplatform", REASON, "test-noop")]
    assert lift() == []


def test_what_passed_meanwhile_is_not_caught_up_and_what_came_since_is_as_ever():
    schedule, until = paused(MINUTELY, timedelta(minutes=3), catch_up="all")
    assert not fire()
    assert lift()
    assert of(schedule)["next_at"] == until
    assert fire()
    times = [datetime.fromisoformat(key.removeprefix(f"schedule:{schedule}:")) for key, *_ in started()]
    assert times[:4] == [until + timedelta(minutes=minute) for minute in range(4)]


def test_resuming_by_hand_forgets_the_time():
    schedule, _ = paused(MINUTELY)
    assert resume(schedule, actor=ALICE, reason="done")
    assert of(schedule)["paused_until"] is None
    assert of(schedule)["next_at"] > datetime.now(UTC)
    assert pause(schedule, actor=ALICE, reason="for good")
    assert lift() == []


def test_one_that_the_code_has_no_more_comes_no_more():
    schedule, _ = paused(MINUTELY)
    rows("UPDATE actions_schedule SET declared = true, withdrawn = true")
    assert lift()
    assert (of(schedule)["paused_at"], of(schedule)["next_at"]) == (None, None)


def test_one_that_cannot_be_read_here_says_so_and_keeps_nothing_else_paused():
    schedule, until = paused(MINUTELY)
    pause_queue("default", actor=ALICE, until=datetime.now(UTC) + timedelta(hours=1))
    rows("UPDATE actions_schedule SET timezone = 'Mars/Olympus'")
    rows("UPDATE actions_queue SET paused_until = now() WHERE paused_until IS NOT NULL")
    assert sorted(lift()) == ["queue default", "schedule test-noop/nightly"]
    assert fire()
    assert "nothing was stored" in of(schedule)["last_error"]
    assert (of(schedule)["next_at"], of(schedule)["last_error_at"]) == (None, until)


def test_a_time_that_cannot_be_waited_for_is_refused():
    schedule = made()
    with pytest.raises(InvalidInput) as met:
        pause(schedule, actor=ALICE, until=datetime.now(UTC) - timedelta(seconds=1))
    assert (met.value.code, met.value.path) == ("invalid_until", "until")
    assert (of(schedule)["paused_at"], audited("paused")) == (None, [])
