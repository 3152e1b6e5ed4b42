"""What the command line lists: executions by a search, actions, queues, the audit, views; with JSON, and with codes for what cannot be."""

import pytest
from django.contrib.auth.models import User

from actions.engine.operate.pause import pause_action, pause_queue
from actions.engine.sync import sync
from actions.models import SavedView
from tests.app import actions as app
from tests.interfaces.command_line import HOSTILE, WHY, answer, failed, refusal, said
from tests.stage import ALICE, engine

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")


def found(*words):
    return [one["id"] for one in answer("executions", "list", *words)["executions"]]


def test_executions_are_listed_by_a_search_which_the_other_options_narrow():
    noops = [app.noop.invoke(n=n).id for n in range(3)]
    broken = failed()
    assert found("--q", 'state:failed error:"no use"') == found("--q", "", "--status", "failed") == [broken]
    assert found("--q", "action:test-*", "--limit", "1000") == [broken, *reversed(noops)]
    assert found("--q=-state:failed", "--action", "test-noop", "--queue", "default", "--kind", "top") == noops[::-1]
    page = answer("executions", "list", "--q", "action:test-noop", "--limit", "2")
    assert found("--q", "action:test-noop", "--cursor", page["next"]) == noops[:1]
    assert f"--cursor {page['next']}" in said("executions", "list", "--q", "action:test-noop", "--limit", "2")
    assert set(page["executions"][0]) == set(answer("executions", "list")["executions"][0])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("executions", "list", "--q", "colour:red"), "invalid_query"),
        (("executions", "list", "--q", "", "--cursor", "rubbish"), "invalid_query"),
        (("executions", "list", "--cursor", "x"), "invalid_cursor"),
        (("executions", "list", "--q", "", "--limit", "0"), "invalid_limit"),
        (("executions", "list", "--q", "", "--before", "x"), "invalid_query"),
        (("actions", "show", "\x00"), "action_not_found"),
        (("audit", "--execution", "x"), "invalid_query"),
        (("audit", "--after", "soon"), "invalid_query"),
        (("audit", "--trigger", "nobody"), "invalid_query"),
        (("audit", "--cursor", "rubbish"), "invalid_query"),
        (("audit", "--limit", "201"), "invalid_limit"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_code(words, code):
    assert refusal(*words)[1]["error"]["code"] == code


def test_actions_are_listed_and_shown():
    sync()
    pause_action("test-noop", actor=ALICE, reason="a fault")
    every = answer("actions", "list")["actions"]
    assert [one["name"] for one in answer("actions", "list", "--state", "paused")["actions"]] == ["test-noop"]
    assert {"test-noop", "test-echo"} <= {one["name"] for one in every}
    assert answer("actions", "list", "--find", "test-ec")["actions"] == [
        one for one in every if one["name"] == "test-echo"
    ]
    assert "test-noop  action  paused  queue default" in said("actions", "list")
    assert answer("actions", "show", "test-noop")["paused"]["reason"] == "a fault"
    assert "params schema" in said("actions", "show", "test-noop")
    for text in HOSTILE[1:]:
        assert (
            answer("actions", "list", "--find", text)["actions"]
            == answer("actions", "list", "--tag", text)["actions"]
            == []
        )


def test_queues_are_listed_with_what_waits_and_who_has_paused_them():
    sync()
    app.noop.invoke()
    pause_queue("default", actor=ALICE, reason="a fault\nof ours")
    (queue,) = [one for one in answer("queues")["queues"] if one["name"] == "default"]
    assert (queue["due"], queue["running"], queue["workers"], queue["paused"]["by"]) == (1, 0, 0, ALICE.label)
    text = said("queues", "list")
    assert "default  1 due, the oldest since" in text
    assert "a fault\\nof ours" in text


def test_the_audit_is_listed_by_who_what_and_where():
    id_ = failed()
    answer("retry", id_, *WHY)
    (entry,) = answer("audit", "list", "--verb", "execution.retried")["entries"]
    assert (entry["execution"], entry["reason"], entry["actor"]["id"]) == (id_, WHY[1], "command")
    assert len(answer("audit", "--execution", id_, "--after=-1h")["entries"]) == 4
    assert answer("audit", "--actor", "nobody")["entries"] == answer("audit", "--before=-1h")["entries"] == []
    page = answer("audit", "--execution", id_, "--limit", "3")
    assert len(answer("audit", "--execution", id_, "--cursor", page["next"])["entries"]) == 1
    assert WHY[1] in said("audit", "--execution", id_)


def test_views_that_everybody_has_are_listed():
    owner = User.objects.create_user("olga")
    for name, shared in (("ours", True), ("mine", False)):
        SavedView.objects.create(name=name, query="queue:mail", owner=owner, owner_label="olga", shared=shared)
    listed = {one["name"]: one["query"] for one in answer("views")["views"]}
    assert listed["ours"] == "queue:mail"
    assert "mine" not in listed
    assert "state:failed" in said("views", "list")
