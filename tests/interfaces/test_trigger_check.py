"""Asking what asking would do: the form's "Check only" and invoke --dry-run store nothing and enter no handler."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from actions.definitions.actor import Actor
from actions.engine.operate.check import check
from actions.engine.operate.pause import pause_queue, pause_tag
from actions.engine.sync import sync
from actions.errors import Forbidden, IdempotencyConflict
from tests.app import actions as app
from tests.interfaces.command_line import answer, refusal, said
from tests.interfaces.desk import desk, text_of
from tests.stage import ALICE, StageWorker, crew, declare, engine, rows, value, worker

__all__ = ["crew", "declare", "desk", "engine", "worker"]

pytestmark = pytest.mark.usefixtures("engine")


def stored() -> tuple[int, int]:
    """Executions and audit entries."""
    return value("SELECT count(*) FROM actions_execution"), value("SELECT count(*) FROM actions_auditentry")


@pytest.mark.parametrize("base", ["/actions/test-noop/trigger/", "/admin/actions/action/test-noop/trigger/"])
def test_the_form_says_what_would_become_of_it_and_then_does_it(desk, base):
    opened = desk.otto.get(base)
    key = opened.context["key"]
    assert b'name="check"' in opened.content
    pause_queue("default", actor=ALICE, reason="deploy", until=datetime.now(UTC) + timedelta(hours=1))
    before = stored()
    at = datetime.now(UTC) + timedelta(days=1)
    sent = {"form_key": key, "param-n": "7", "available_at": f"{at:%Y-%m-%dT%H:%M}", "reason": "because"}
    checked = desk.otto.post(base, {**sent, "check": "1"})
    body = text_of(checked)
    assert checked.status_code == 200
    assert "Checked; nothing was stored." in body
    assert f"It would not start before {at:%Y-%m-%d %H:%M}:00 UTC" in body
    assert "It would wait: the queue default is paused by Alice until" in body
    assert b'value="7"' in checked.content
    assert checked.context["key"] == key
    assert stored() == before
    assert desk.otto.post(base, sent).status_code == 302
    assert value("SELECT count(*) FROM actions_execution") == 1
    again = text_of(desk.otto.post(base, {**sent, "check": "1"}))
    assert "This was asked for before: the answer would be exec_" in again


def test_the_form_puts_faults_at_their_fields_and_refuses_as_the_verb_does(desk, settings):
    address = "/actions/test-noop/trigger/"
    before = stored()
    wrong = desk.otto.post(address, {"check": "1", "param-n": "seven", "idempotency_key": "no spaces"})
    assert wrong.status_code == 200
    assert "errorlist" in wrong.content.decode()
    assert "Checked" not in text_of(wrong)
    assert stored() == before
    assert desk.vera.post(address, {"check": "1", "param-n": "7"}).status_code == 403
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    assert desk.otto.post(address, {"check": "1", "param-n": "7"}).status_code == 403
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_a_check_enters_no_handler_and_holds_no_key(declare, worker: StageWorker):
    entered: list[int] = []

    @declare("face-checked", tags=["crm"], derive_key="params")
    def act(n: int) -> None:
        entered.append(n)

    pause_tag("crm", actor=ALICE, reason="down")
    found = check("face-checked", {"n": 1}, actor=ALICE)
    assert (found.existing, found.queue, found.workers) == ("", "default", 1)
    assert [(hold.kind, hold.name, hold.by, hold.reason) for hold in found.holds] == [("tag", "crm", "Alice", "down")]
    made = act.invoke(n=1)
    assert not made.replayed
    assert check("face-checked", {"n": 1}, actor=ALICE).existing == made.id
    worker.work()
    assert entered == []


def test_a_check_is_refused_for_what_the_verb_would_be():
    sync()
    app.noop.invoke(n=1, idempotency_key="once")
    code = Actor("system", "code", "application code")
    with pytest.raises(IdempotencyConflict):
        check("test-noop", {"n": 2}, actor=code, idempotency_key="once")
    with pytest.raises(Forbidden):
        check("test-noop", {}, actor=Actor("user", "0", "nobody"))
    assert rows("SELECT verb FROM actions_auditentry ORDER BY id") == [("execution.accepted",), ("access.denied",)]


def test_the_command_says_what_it_would_do():
    sync()
    before = stored()
    told = answer("invoke", "test-noop", json.dumps({"n": 1}), "--dry-run")
    assert told == {
        "id": None, "replayed": False, "queue": "default", "paused": [], "workers": 0, "dry_run": True,
    }  # fmt: skip
    line = said("invoke", "test-noop", "--dry-run").strip()
    assert line.startswith("This would be accepted as a new execution of test-noop, in the queue default.")
    assert line.endswith("Dry run: nothing was changed.")
    assert refusal("invoke", "test-noop", json.dumps({"n": "x"}), "--dry-run")[1]["error"]["code"] == "invalid_params"
    assert stored() == before
    id_ = answer("invoke", "test-noop", "--key", "once")["id"]
    assert answer("invoke", "test-noop", "--key", "once", "--dry-run")["id"] == id_
