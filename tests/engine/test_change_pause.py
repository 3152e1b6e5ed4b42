"""A pause that stands gets another end: it stays all the while, and both ends are in the audit."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from actions.definitions.actor import Actor
from actions.engine import standing
from actions.engine.lift import lift
from actions.engine.operate.change_pause import change_action_pause, change_queue_pause, change_tag_pause
from actions.engine.operate.pause import pause_action, pause_queue, pause_tag, resume_action, resume_queue, resume_tag
from actions.engine.schedules import pause as schedules
from actions.engine.schedules.change_pause import change_schedule_pause
from actions.engine.sync import sync
from actions.errors import ActionNotFound, Forbidden, InvalidInput, NotPaused, PauseChanged, ReasonRequired
from actions.models import Action, Queue, Schedule, Tag
from tests.app import actions as app
from tests.engine.scheduling import made
from tests.stage import ALICE, BOB, StageWorker, rows

pytestmark = pytest.mark.usefixtures("engine")
KINDS = ("action", "queue", "tag", "schedule")


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    sync()


class Thing:
    """Something of a kind, and the verbs on its pause."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.model = {"action": Action, "queue": Queue, "tag": Tag, "schedule": Schedule}[kind]
        self.key: Any = (
            made() if kind == "schedule" else {"action": "test-noop", "queue": "default", "tag": "crm"}[kind]
        )
        verbs: dict[str, tuple[Callable[..., bool], ...]] = {
            "action": (pause_action, change_action_pause, resume_action),
            "queue": (pause_queue, change_queue_pause, resume_queue),
            "tag": (pause_tag, change_tag_pause, resume_tag),
            "schedule": (schedules.pause, change_schedule_pause, schedules.resume),
        }
        self.pause, self.change, self.resume = (partial(verb, self.key) for verb in verbs[kind])

    @property
    def row(self) -> Any:
        return self.model._default_manager.get(pk=self.key)

    def changes(self) -> list[tuple[str, str, Any]]:
        """The audit of its changes: actor, reason, data."""
        found = rows(
            "SELECT actor_label, reason, data FROM actions_auditentry WHERE verb = %s ORDER BY id",
            f"{self.kind}.pause_changed",
        )
        return [(who, why, json.loads(data) if isinstance(data, str) else data) for who, why, data in found]


@pytest.fixture(params=KINDS)
def thing(request: pytest.FixtureRequest) -> Thing:
    return Thing(request.param)


def ahead(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)


def test_it_stands_until_another_time_and_is_theirs_who_changed_it(thing: Thing):
    first, second = ahead(hours=1), ahead(hours=3)
    thing.pause(actor=ALICE, reason="deploy", until=first)
    since = thing.row.paused_at
    assert thing.change(actor=BOB, reason="takes longer", until=second)
    row = thing.row
    assert (row.paused_at, row.paused_by, row.paused_reason, row.paused_until) == (since, "Bob", "takes longer", second)
    ((who, why, data),) = thing.changes()
    assert (who, why, data["until"]) == ("Bob", "takes longer", second.isoformat())
    assert data["before"] == {"until": first.isoformat(), "reason": "deploy", "by": "Alice"}
    assert data["after"] == {"until": second.isoformat(), "reason": "takes longer"}
    assert not thing.change(actor=ALICE, reason="takes longer", until=second)
    assert thing.change(actor=ALICE, until=None)
    assert (thing.row.paused_until, thing.row.paused_reason, len(thing.changes())) == (None, "takes longer", 2)
    assert lift() == []


def test_nothing_starts_meanwhile(worker: StageWorker):
    app.noop.invoke()
    pause_queue("default", actor=ALICE, until=ahead(minutes=1))
    rows("UPDATE actions_queue SET paused_until = now() WHERE paused_at IS NOT NULL")
    assert change_queue_pause("default", actor=BOB, until=ahead(hours=1))
    assert (lift(), worker.claim()) == ([], [])


def test_what_is_paused_no_more_is_not_changed_and_it_is_said_who_resumed_it(thing: Thing):
    with pytest.raises(NotPaused, match=r"is not paused\. Nothing"):
        thing.change(actor=BOB, until=ahead(hours=1))
    thing.pause(actor=ALICE, until=ahead(minutes=1))
    thing.resume(actor=ALICE)
    with pytest.raises(NotPaused, match=f"The {thing.kind} .* is not paused any more: Alice resumed it at "):
        thing.change(actor=BOB, until=ahead(hours=1))
    thing.pause(actor=ALICE, until=ahead(minutes=1))
    rows(f"UPDATE actions_{thing.kind} SET paused_until = now() WHERE paused_at IS NOT NULL")
    assert lift()
    with pytest.raises(NotPaused, match="doplatform resumed it"):
        thing.change(actor=BOB, until=ahead(hours=1), seen="what was there")
    assert thing.changes() == []


def test_who_saw_another_pause_changes_none(thing: Thing):
    thing.pause(actor=ALICE, reason="one", until=ahead(hours=1))
    seen = standing.mark(thing.row)
    thing.change(actor=ALICE, reason="one", until=ahead(hours=5))
    with pytest.raises(PauseChanged, match=r"by Alice since .*, until "):
        thing.change(actor=BOB, until=ahead(hours=2), seen=seen)
    thing.resume(actor=ALICE)
    thing.pause(actor=ALICE, reason="another")
    with pytest.raises(PauseChanged, match="until somebody resumes it"):
        thing.change(actor=BOB, until=ahead(hours=2), seen=seen)
    assert thing.change(actor=BOB, until=ahead(hours=2), seen=standing.mark(thing.row))
    assert len(thing.changes()) == 2


def test_a_time_that_cannot_be_waited_for_and_what_there_is_not_are_refused(thing: Thing):
    until = ahead(hours=1)
    thing.pause(actor=ALICE, until=until)
    for wrong in (ahead(seconds=-1), ahead(days=367), datetime(2999, 1, 1)):  # noqa: DTZ001  (that is what is refused)
        with pytest.raises(InvalidInput) as met:
            thing.change(actor=BOB, until=wrong)
        assert (met.value.code, met.value.path) == ("invalid_until", "until")
    assert (thing.row.paused_until, thing.changes()) == (until, [])


def test_names_of_nothing_are_not_found():
    for change in (change_action_pause, change_queue_pause):
        for name in ("nowhere", "\x00", "x" * 5_000):
            with pytest.raises(ActionNotFound):
                change(name, actor=BOB, until=None)
    for name in ("", "\x00", "x" * 5_000):
        with pytest.raises(NotPaused) as met:
            change_tag_pause(name, actor=BOB, until=None)
        assert len(met.value.message) < 300


def test_people_need_the_permission_and_a_reason(thing: Thing):
    olga, vera = (User.objects.create_user(name) for name in ("olga", "vera"))
    olga.groups.add(Group.objects.get(name="Operator"))
    vera.groups.add(Group.objects.get(name="Viewer"))
    thing.pause(actor=ALICE, reason="deploy")
    with pytest.raises(Forbidden):
        thing.change(actor=Actor("user", str(vera.pk), "vera"), reason="x", until=ahead(hours=1))
    with pytest.raises(ReasonRequired):
        thing.change(actor=Actor("user", str(olga.pk), "olga"), reason=" ", until=ahead(hours=1))
    assert thing.row.paused_until is None
    assert thing.change(actor=Actor("user", str(olga.pk), "olga"), reason="x", until=ahead(hours=1))
