"""A paused tag: nothing starts that was asked for with it, or whose action has it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions.definitions.actor import Actor
from actions.engine import dispatch
from actions.engine.doctor import work as doctor
from actions.engine.lift import lift
from actions.engine.maintain import redispatch
from actions.engine.operate.pause import pause_tag, resume_tag
from actions.engine.sync import sync
from actions.errors import Forbidden, InvalidInput
from actions.models import Tag
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, rows, tree

pytestmark = pytest.mark.usefixtures("engine")


def taken(worker: StageWorker) -> list[str]:
    """The actions of all that may start."""
    found = []
    while claims := worker.claim():
        found += [claim.action for claim in claims]
    return sorted(found)


def test_actions_that_have_it_wait_and_others_do_not(declare: Any, crew: Any):
    @declare("stage-crm", tags=["crm", "nightly"])
    def crm() -> None: ...

    @declare("stage-crm-limited", tags=["crm"], max_concurrency=2)
    def limited() -> None: ...

    worker = crew()
    assert pause_tag("crm", actor=ALICE, reason="the CRM is down")
    crm.invoke()
    limited.invoke()
    app.noop.invoke()
    assert taken(worker) == ["test-noop"]
    assert redispatch() == []
    assert [found.found for found in doctor.waiting()] == ["nothing that is due waits"]
    assert resume_tag("crm", actor=ALICE, reason="it is back")
    assert redispatch() == ["default"]
    assert taken(worker) == ["stage-crm", "stage-crm-limited"]


def test_executions_that_were_asked_for_with_it_wait_and_others_do_not(declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=5)
    def limited() -> None: ...

    worker = crew()
    pause_tag("customer-42", actor=ALICE, reason="they asked")
    for action in (app.noop, limited):
        action.invoke(tags=("customer-42",))
        action.invoke(tags=("customer-421",))
    assert taken(worker) == ["stage-limited", "test-noop"]
    assert redispatch() == []
    resume_tag("customer-42", actor=ALICE, reason="done")
    assert taken(worker) == ["stage-limited", "test-noop"]


def test_a_tag_that_the_code_gave_later_counts_for_what_waits_already(declare: Any, crew: Any):
    @declare("stage-limited", max_concurrency=2)
    def limited() -> None: ...

    app.noop.invoke()
    limited.invoke()
    worker = crew()
    rows("""UPDATE actions_action SET tags = '["late"]' WHERE name IN ('test-noop', 'stage-limited')""")
    pause_tag("late", actor=ALICE, reason="x")
    assert taken(worker) == []
    resume_tag("late", actor=ALICE, reason="x")
    assert taken(worker) == ["stage-limited", "test-noop"]


def test_a_step_with_it_is_not_done_in_line(declare: Any, compose: Any, crew: Any):
    @declare("stage-tagged-step", effects="database", tags=["crm"])
    def step() -> int:
        return 1

    @compose("stage-tagged-workflow")
    def flow() -> int:
        return step()

    worker = crew()
    pause_tag("crm", actor=ALICE, reason="x")
    handle = flow.invoke()
    worker.work()
    assert (handle.status, list(tree(handle).values())) == ("waiting", ["queued"])
    resume_tag("crm", actor=ALICE, reason="x")
    worker.work()
    assert handle.status == "succeeded"


def test_it_is_audited_and_said_once_and_goes_on_at_its_time(worker: StageWorker, monkeypatch: pytest.MonkeyPatch):
    sync()
    woken: list[str] = []
    monkeypatch.setattr(dispatch, "wake_soon", lambda *queues: woken.extend(queues) or True)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert pause_tag("crm", actor=ALICE, reason="one", until=until)
    assert not pause_tag("crm", actor=ALICE, reason="two")
    assert lift() == []
    rows("UPDATE actions_tag SET paused_until = now()")
    assert lift() == ["tag crm"]
    assert "default" in woken
    assert not resume_tag("crm", actor=ALICE, reason="again")
    assert not resume_tag("never seen", actor=ALICE, reason="again")
    assert rows("SELECT verb, data->>'tag', actor_label FROM actions_auditentry ORDER BY id") == [
        ("tag.paused", "crm", "Alice"),
        ("tag.resumed", "crm", "doplatform"),
    ]
    assert Tag.objects.get(pk="crm").paused_reason == ""


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "\ud800"])
def test_what_can_be_no_tag_is_refused(name: str):
    with pytest.raises(InvalidInput) as met:
        pause_tag(name, actor=ALICE, reason="x")
    assert met.value.code == "invalid_tag"
    assert not Tag.objects.exists()


def test_somebody_without_the_permission_is_refused():
    with pytest.raises(Forbidden):
        pause_tag("crm", actor=Actor("user", "0", "nobody"), reason="x")
    assert not Tag.objects.exists()
    assert rows("SELECT verb FROM actions_auditentry") == [("access.denied",)]
