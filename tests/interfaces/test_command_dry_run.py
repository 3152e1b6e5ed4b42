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


_TABLES = (
    "execution", "attempt", "auditentry", "externalevent", "action", "queue", "tag", "verbkey", "schedule", "apikey",
    "serviceaccount",
)  # fmt: skip


def everything():
    """All that a verb could have changed."""
    return [rows(f"SELECT to_jsonb(t)::text FROM actions_{table} AS t ORDER BY 1") for table in _TABLES]


def tried(*words):
    """The document, and the line for people, of a dry run that left everything as it was."""
    before = everything()
    document = answer(*words, "--dry-run")
    line = said(*words, "--dry-run").strip()
    assert everything() == before
    assert document["dry_run"] is True
    assert line.endswith("Dry run: nothing was changed.")
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


MAKE = ("schedule", "make", "test-noop", "--name", "nightly", "--cron", "0 3 * * *", *WHY)
KEY = ("api_key", "create", "--account", "billing", "--scope", "audit:read", *WHY)


def test_schedules_say_what_they_would_do():
    sync()
    document, line = tried(*MAKE)
    assert (document["id"], document["cron"], len(document["next"])) == (None, "0 3 * * *", 5)
    assert line.startswith("test-noop/nightly: At 03:00 every day, UTC")
    id_ = answer(*MAKE)["id"]
    for words, known in (
        (("change", "test-noop/nightly", "--cron", "0 5 * * *"), {"cron": "0 5 * * *", "changed": True}),
        (("pause", str(id_)), {"paused": True, "changed": True}),
        (("resume", str(id_)), {"paused": False, "changed": False}),
        (("run-now", str(id_)), {"execution": None}),
        (("remove", str(id_)), {"removed": True}),
    ):
        document, _ = tried("schedule", *words, *WHY)
        assert known.items() <= document.items()


def test_keys_and_their_owners_say_what_they_would_do():
    document, _ = tried("service_account", "create", "billing", *WHY)
    assert document == {"name": "billing", "disabled": False, "changed": True, "dry_run": True}
    answer("service_account", "create", "billing", *WHY)
    assert tried("service_account", "disable", "billing", *WHY)[0]["changed"] is True
    document, line = tried(*KEY)
    assert (document["id"], document["key"], document["owner"]) == (None, None, "billing")
    assert "do_live_" not in line
    id_ = answer(*KEY)["id"]
    document, line = tried("api_key", "rotate", id_, *WHY)
    assert (document["key"], "do_live_" in line) == (None, False)
    assert tried("api_key", "callback", id_, "--url", "https://example.com/told", *WHY)[0]["changed"] is True
    assert tried("api_key", "revoke", id_, *WHY)[0] == {"revoked": True, "changed": True, "dry_run": True}


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
        (["schedule", "make", "test-noop", "--name", "x", "--cron", "0 99 * * *", *WHY], "invalid_cron"),
        (["schedule", "pause", "test-noop/nowhere", *WHY], "schedule_not_found"),
        ([*KEY], "account_not_found"),
        (["api_key", "revoke", "do_live_00000000", *WHY], "api_key_not_found"),
        (["service_account", "disable", "nobody", *WHY], "account_not_found"),
    ):
        assert refusal(*words, "--dry-run")[1]["error"]["code"] == code
    assert everything() == before
    assert app.noop.name == "test-noop"
