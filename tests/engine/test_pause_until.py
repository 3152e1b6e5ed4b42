"""What is paused until a time goes on when it has come: once, audited, and not where somebody has paused it anew."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from actions.engine import dispatch
from actions.engine.lift import REASON, lift
from actions.engine.operate.pause import pause_action, pause_queue, resume_action, resume_queue
from actions.engine.sync import sync
from actions.errors import InvalidInput
from actions.models import Action, Queue
from tests.app import actions as app
from tests.stage import ALICE, BOB, Elsewhere, StageWorker, rows, session, value

pytestmark = pytest.mark.usefixtures("engine")


def soon(**span: float) -> datetime:
    """A time ahead."""
    return datetime.now(UTC) + timedelta(**span)


def come(table: str) -> None:
    """Let the time have come."""
    rows(f"UPDATE actions_{table} SET paused_until = now() - interval '1 second' WHERE paused_until IS NOT NULL")


def somebody_waits() -> None:
    """Until a session waits for another one's lock."""
    until = time.monotonic() + 20
    with session() as looker:
        while not looker.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone():
            assert time.monotonic() < until
            time.sleep(0.005)


def said() -> list[tuple[Any, ...]]:
    """The audit: verb, actor, reason, until."""
    return rows("SELECT verb, actor_label, reason, data->>'until' FROM actions_auditentry ORDER BY id")


def test_it_is_kept_with_who_why_and_until(worker: StageWorker):
    sync()
    until = soon(hours=1)
    assert pause_action("test-noop", actor=ALICE, reason="crm is down", until=until)
    row = Action.objects.get(pk="test-noop")
    assert (row.paused_by, row.paused_reason, row.paused_until) == ("Alice", "crm is down", until)
    assert said() == [("action.paused", "Alice", "crm is down", until.isoformat())]
    assert lift() == []
    app.noop.invoke()
    assert worker.claim() == []


@pytest.mark.parametrize("kind", ["action", "queue"])
def test_it_goes_on_when_its_time_has_come(worker: StageWorker, monkeypatch: pytest.MonkeyPatch, kind: str):
    sync()
    woken: list[str] = []
    monkeypatch.setattr(dispatch, "wake_soon", lambda *queues: woken.extend(queues) or True)
    pause, name = {"action": (pause_action, "test-noop"), "queue": (pause_queue, "default")}[kind]
    pause(name, actor=ALICE, reason="deploy", until=soon(minutes=1))
    app.noop.invoke()
    woken.clear()
    come(kind)
    assert worker.claim() == []
    assert lift() == [f"{kind} {name}"]
    assert woken == ["default"]
    assert [claim.action for claim in worker.claim()] == ["test-noop"]
    assert said()[2][:3] == (f"{kind}.resumed", "doplatform", REASON)
    assert lift() == []


def test_resuming_by_hand_forgets_the_time(worker: StageWorker):
    sync()
    pause_queue("default", actor=ALICE, reason="one", until=soon(minutes=1))
    assert resume_queue("default", actor=BOB, reason="done")
    assert Queue.objects.get(pk="default").paused_until is None
    assert pause_queue("default", actor=BOB, reason="for good")
    come("queue")
    assert lift() == []
    assert Queue.objects.get(pk="default").paused_by == "Bob"


def test_a_resume_by_hand_at_the_same_moment_is_one_act():
    sync()
    pause_action("test-noop", actor=ALICE, reason="one", until=soon(minutes=1))
    come("action")
    with transaction.atomic():
        assert resume_action("test-noop", actor=BOB, reason="by hand")
        maintain = Elsewhere(lift)
        somebody_waits()
    assert maintain.outcome() == []
    assert [verb for verb, *_ in said()] == ["action.paused", "action.resumed"]


def test_what_is_paused_anew_at_the_same_moment_stays_paused():
    sync()
    pause_action("test-noop", actor=ALICE, reason="one", until=soon(minutes=1))
    come("action")
    with transaction.atomic():
        assert resume_action("test-noop", actor=BOB, reason="by hand")
        assert pause_action("test-noop", actor=BOB, reason="still broken", until=soon(hours=2))
        maintain = Elsewhere(lift)
        somebody_waits()
    assert maintain.outcome() == []
    assert Action.objects.get(pk="test-noop").paused_reason == "still broken"


def test_two_maintainers_lift_once():
    sync()
    pause_queue("default", actor=ALICE, reason="one", until=soon(minutes=1))
    come("queue")
    with transaction.atomic():
        assert lift() == ["queue default"]
        other = Elsewhere(lift)
        somebody_waits()
    assert other.outcome() == []
    assert [verb for verb, *_ in said()] == ["queue.paused", "queue.resumed"]


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (soon(seconds=-1), "has passed"),
        (soon(days=367), "a year ahead"),
        (datetime(2999, 1, 1), "time zone"),  # noqa: DTZ001  (that is what is refused)
        (datetime.max.replace(tzinfo=UTC), "a year ahead"),
        (datetime.min.replace(tzinfo=UTC), "has passed"),
    ],
)
def test_a_time_that_cannot_be_waited_for_is_refused(until: datetime, says: str):
    sync()
    with pytest.raises(InvalidInput, match=says) as met:
        pause_queue("default", actor=ALICE, reason="one", until=until)
    assert (met.value.code, met.value.path) == ("invalid_until", "until")
    assert value("SELECT count(*) FROM actions_queue WHERE paused_at IS NOT NULL") == 0
    assert said() == []


def test_pausing_what_is_paused_leaves_its_time():
    sync()
    until = soon(hours=1)
    assert pause_queue("default", actor=ALICE, reason="one", until=until)
    assert not pause_queue("default", actor=BOB, reason="two", until=soon(hours=3))
    assert Queue.objects.get(pk="default").paused_until == until
