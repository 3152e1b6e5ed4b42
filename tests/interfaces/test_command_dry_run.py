"""--dry-run of the commands that act on one thing: what would be said or refused, and nothing of it stays."""

import json

import pytest

from actions import wait_for
from actions.engine.sync import sync
from actions.models import Execution
from tests.app import actions as app
from tests.interfaces.command_line import NOBODY, WHY, answer, doubtful, failed, refusal, said
from tests.stage import compose, engine, rows

__all__ = ["compose", "engine"]

pytestmark = pytest.mark.usefixtures("engine")


def everything():
    """All that a verb could have changed."""
    return [
        rows(f"SELECT to_jsonb(t)::text FROM actions_{table} AS t ORDER BY 1")
        for table in ("execution", "attempt", "auditentry", "externalevent", "action", "queue", "tag", "verbkey")
    ]


def tried(*words):
    """The document, and the line for people, of a dry run that left everything as it was."""
    before = everything()
    document = answer(*words, "--dry-run")
    line = said(*words, "--dry-run").strip()
    assert everything() == before
    assert document["dry_run"] is True
    assert line.endswith(" Dry run: nothing was changed.")
    return document, line


def test_replay_says_what_it_would_do():
    id_ = failed()
    document, line = tried("replay", id_, *WHY)
    assert document == {"id": None, "replay_of": id_, "replayed": False, "dry_run": True}
    assert line.startswith("A new execution accepted.")
    kept = answer("replay", id_, "--key", "once", *WHY)
    assert "dry_run" not in kept
    document, line = tried("replay", id_, "--key", "once", *WHY)
    assert (document["id"], document["replayed"]) == (kept["id"], True)


def test_resolve_says_what_it_would_do():
    id_ = doubtful()
    document, _ = tried("resolve", id_, "happened", "--result", "1", *WHY)
    assert document == {"id": id_, "ok": True, "answer": "happened", "dry_run": True}
    assert Execution.objects.get().status == "in_doubt"


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize(("kind", "name"), [("action", "test-noop"), ("queue", "default"), ("tag", "crm")])
def test_pause_and_resume_say_what_they_would_do(verb, kind, name):
    sync()
    if verb == "resume":
        answer("pause", kind, name, *WHY)
    document, _ = tried(verb, kind, name, *WHY)
    assert document == {"kind": kind, "name": name, "paused": verb == "pause", "changed": True, "dry_run": True}


def test_emit_says_what_it_would_do(compose):
    @compose("face-waits")
    def waits() -> None:
        wait_for("paid")

    handle = waits.invoke()
    document, _ = tried("emit", handle.id, "paid", "--payload", "1")
    assert (document["event"], document["new"]) == ("paid", True)


def test_what_would_be_refused_is_refused():
    sync()
    id_ = failed()
    before = everything()
    for words, code in (
        (["replay", NOBODY, *WHY], "execution_not_found"),
        (["replay", id_, json.dumps({"wrong": 1}), *WHY], "invalid_params"),
        (["resolve", id_, "give_up", *WHY], "not_in_doubt"),
        (["pause", "action", "nowhere", *WHY], "action_not_found"),
        (["pause", "queue", "default", "--until", "2020-01-01T00:00:00Z", *WHY], "invalid_until"),
        (["resume", "queue", "nowhere", *WHY], "action_not_found"),
        (["emit", NOBODY, "paid"], "execution_not_found"),
    ):
        assert refusal(*words, "--dry-run")[1]["error"]["code"] == code
    assert everything() == before
    assert app.noop.name == "test-noop"
