"""Alerts about schedules: a due time that started nothing is told once, and lateness until it is over."""

from datetime import timedelta
from typing import Any

import pytest

from actions.engine.alerts.rules.change import change as change_rule
from actions.engine.alerts.rules.wanted import Wanted
from actions.engine.schedules.change import change
from actions.engine.schedules.fire import fire
from actions.engine.schedules.pause import pause
from actions.engine.schedules.wanted import Wanted as Planned
from actions.engine.sync import sync
from actions.models import Alert
from tests.alerting import WHY, later, rule, watch
from tests.engine.scheduling import YEARLY, due_at, made
from tests.stage import ALICE, engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    sync()


def spoilt(action: str = "test-noop", name: str = "nightly") -> int:
    """A schedule whose params fit no more."""
    schedule = made(action, name)
    rows("""UPDATE actions_schedule SET params = '{"what": 1}' WHERE id = %s""", schedule)
    return schedule


def missed(schedule: int) -> None:
    """It came due, and started nothing."""
    due_at(schedule)
    assert fire()
    rows("UPDATE actions_alertrule SET since = since - interval '1 minute'")


def test_a_due_time_that_started_nothing_is_told_once_and_the_next_one_after_the_quiet_time():
    rule("schedule_failed")
    schedule = spoilt()
    missed(schedule)
    (alert,) = watch()
    assert alert.title == "test-noop: the schedule nightly started nothing"
    assert (alert.subject, alert.link, alert.lasting) == ("test-noop/nightly", f"schedules/{schedule}/", False)
    assert "The params of test-noop do not fit its schema" in alert.text
    later()
    assert watch() == []
    rows("UPDATE actions_schedule SET last_error_at = last_error_at + interval '1 day'")
    assert [alert.title for alert in watch()] == ["test-noop: the schedule nightly started nothing"]
    rows("UPDATE actions_schedule SET last_error_at = last_error_at + interval '1 day'")
    assert watch() == []


def test_what_a_schedule_failed_at_before_the_rule_or_is_paused_at_or_has_mended_is_not_told():
    before, held, mended = spoilt(name="before"), spoilt(name="held"), spoilt(name="mended")
    missed(before)
    rule("schedule_failed")
    rows("UPDATE actions_alertrule SET since = now() + interval '1 minute'")
    assert watch() == []
    missed(held)
    missed(mended)
    pause(held, actor=ALICE, reason=WHY)
    change(mended, Planned(name="mended", cron=YEARLY), actor=ALICE, reason=WHY)
    rows("UPDATE actions_schedule SET last_error = '', last_error_at = NULL WHERE id = %s", before)
    rows("UPDATE actions_alertrule SET since = now() - interval '1 hour'")
    assert watch() == []
    rows("UPDATE actions_schedule SET paused_at = NULL WHERE id = %s", held)
    assert [alert.subject for alert in watch()] == ["test-noop/held"]


@pytest.mark.parametrize("kind", ["schedule_failed", "schedule_late"])
@pytest.mark.parametrize(("scope", "of"), [("action", "test-echo"), ("tag", "loud"), ("queue", "other")])
def test_a_rule_about_schedules_keeps_to_its_scope(kind: str, scope: str, of: str):
    rows("INSERT INTO actions_queue (name, paused_by, paused_reason) VALUES ('other', '', '')")
    rows("""UPDATE actions_action SET queue = 'other', tags = '["loud"]' WHERE name = 'test-echo'""")
    rule(kind, scope=scope, of=of)
    for action, name in (("test-noop", "quiet"), ("test-echo", "loud")):
        schedule = made(action, name, params={"value": 1} if action == "test-echo" else {})
        fault = "last_error = 'odd', last_error_at = now()" if kind == "schedule_failed" else "last_error = ''"
        due = "next_at = now() - interval '1 hour'" if kind == "schedule_late" else "last_at = NULL"
        rows("UPDATE actions_schedule SET " + fault + ", " + due + " WHERE id = %s", schedule)
    (alert,) = watch()
    assert "test-echo" in alert.title


def test_late_schedules_are_one_alert_that_is_over_when_none_is_late():
    kept = rule("schedule_late")
    first, second = made(name="first"), made(name="second")
    due_at(first, timedelta(seconds=299))
    assert watch() == []
    due_at(first, timedelta(seconds=303))
    (alert,) = watch()
    assert (alert.title, alert.subject) == ("test-noop: the schedule first is late", "every schedule")
    assert (alert.link, alert.lasting) == ("schedules/?state=late", True)
    due_at(second, timedelta(hours=2))
    assert watch() == []
    later()
    (alert,) = watch()
    assert alert.title == "2 schedules are late"
    assert alert.text.index("test-noop/second") < alert.text.index("test-noop/first")
    while fire():
        pass
    assert watch() == []
    assert Alert.objects.filter(recovered_at=None).count() == 0
    later()
    due_at(second, timedelta(minutes=20))
    wanted: dict[str, Any] = {"name": "late", "threshold": 1_800.0}
    assert change_rule(kept, Wanted(**wanted), actor=ALICE, reason=WHY)
    assert watch() == []
