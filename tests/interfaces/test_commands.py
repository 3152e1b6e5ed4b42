"""The commands: the engine's verbs at the command line, with JSON, exit codes and refusals, never a traceback."""

import json

import pytest
from django.core.management.base import CommandError
from django.db import connection

from actions import Actor
from actions.engine.operate.cancel import cancel as cancel_execution
from actions.engine.operate.pause import pause_queue
from actions.engine.operate.retry import retry as retry_execution
from actions.engine.sync import sync
from actions.errors import Forbidden
from actions.testing import inline_worker
from tests.app import actions as app
from tests.interfaces.command_line import HOSTILE, NOBODY, WHY, answer, audit, doubtful, failed, manage, refusal, said
from tests.stage import engine

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")
# executions


def test_list_shows_the_newest_first_and_filters():
    noops = [app.noop.invoke(n=n).id for n in range(3)]
    echo = app.echo.invoke(value=1).id
    cancel_execution(noops[0], actor=Actor("system", "code", "a test"))

    def listed(*words):
        return [execution["id"] for execution in answer("executions", "list", *words)["executions"]]

    assert listed() == [echo, *reversed(noops)]
    assert listed("--limit", "2") == [echo, noops[2]]
    assert listed("--action", "test-noop", "--status", "queued") == [noops[2], noops[1]]
    assert listed("--status", "cancelled", "--status", "failed") == [noops[0]]
    assert listed("--queue", "elsewhere") == []
    assert listed("--before", noops[1]) == [noops[0]]
    assert listed("--action", "\x00") == listed("--queue", "\ud800") == []


def test_list_has_a_stable_shape():
    failed()
    (execution,) = answer("executions", "list")["executions"]

    assert set(execution) == {
        "id", "action", "queue", "priority", "status", "attempt", "tries", "losses", "error", "actor", "tags",
        "created_at", "available_at", "started_at", "finished_at", "workflow", "step",
    }  # fmt: skip
    assert execution["error"] == {"code": "gave_up", "message": "no use"}


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999999999999999999"])
def test_list_refuses_a_limit_that_cannot_be(limit):
    assert refusal("executions", "list", f"--limit={limit}")[1]["error"]["code"] == "invalid_limit"


def test_show_has_attempts_error_and_audit():
    id_ = failed()
    shown = answer("executions", "show", id_)

    assert shown["status"] == "failed"
    assert shown["error"]["message"] == "no use"
    assert [(attempt["number"], attempt["outcome"]) for attempt in shown["attempts"]] == [(1, "failed")]
    assert shown["attempts"][0]["worker"]["host"] == "localhost"
    assert [entry["verb"] for entry in shown["audit"]] == [
        "execution.accepted",
        "execution.started",
        "execution.failed",
    ]
    text = said("executions", "show", id_)
    assert "no use" in text
    assert "execution.failed" in text


def test_what_params_hold_cannot_steer_the_terminal():
    handle = app.fail.invoke(message="\x1b[2J\nexec_fake  succeeded\x9b31m\u202e")
    with inline_worker() as worker:
        worker.work(waiting=True)

    for text in (said("executions", "show", handle.id), said("executions", "list")):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
        assert "\nexec_fake" not in text


@pytest.mark.parametrize("id_", [*HOSTILE, NOBODY])
def test_an_id_that_is_none_is_not_found_by_any_verb(id_):
    for words in (
        ["executions", "show", id_],
        ["replay", id_, *WHY],
        ["resolve", id_, "give_up", *WHY],
        ["executions", "list", "--before", id_ or "x"],
    ):
        if words[1] == "list" and id_ == NOBODY:
            continue
        assert refusal(*words)[1]["error"]["code"] == "execution_not_found"
    for verb in ("retry", "run_now", "cancel"):
        (result,) = refusal(verb, id_, *WHY)[1]["results"]
        assert result["error"]["code"] == "execution_not_found"


# The verbs that change


def test_retry_queues_a_failed_execution_again():
    id_ = failed()
    assert answer("retry", id_, *WHY) == {"results": [{"id": id_, "ok": True, "status": "queued"}]}

    entry = audit(id_)[-1]
    assert (entry["verb"], entry["reason"]) == ("execution.retried", WHY[1])
    assert entry["actor"]["id"] == "command"


def test_a_failure_is_handled_and_reopened():
    id_, done = failed(), app.noop.invoke().id
    assert answer("executions", "handle", id_, "--dry-run", *WHY)["results"][0]["dry_run"]
    assert answer("executions", "show", id_)["handled"] is None
    sentence, document = refusal("executions", "handle", id_, done, *WHY)
    assert [result["ok"] for result in document["results"]] == [True, False]
    assert "not_open" in sentence
    assert answer("executions", "show", id_)["handled"]["reason"] == WHY[1]
    assert f": {WHY[1]}" in said("executions", "show", id_)
    assert answer("executions", "reopen", id_, *WHY) == {"results": [{"id": id_, "ok": True, "handled": False}]}
    assert [entry["verb"] for entry in audit(id_)][-2:] == ["execution.handled", "execution.reopened"]


@pytest.mark.parametrize("verb", ["retry", "run_now", "cancel"])
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(verb):
    id_ = failed() if verb == "retry" else app.noop.invoke().id
    before, entries = answer("executions", "show", id_), audit(id_)
    (result,) = answer(verb, id_, "--dry-run", *WHY)["results"]
    assert (result["ok"], result["dry_run"]) == (True, True)
    assert "Dry run: nothing was changed." in said(verb, id_, "--dry-run", *WHY)
    assert "execution_not_found" in refusal(verb, NOBODY, "--dry-run", *WHY)[0]
    assert (answer("executions", "show", id_), audit(id_)) == (before, entries)
    assert answer(verb, id_, *WHY)["results"][0]["ok"]


def test_one_refused_does_not_stop_the_others():
    first, queued, second = failed(), app.noop.invoke().id, failed()
    sentence, document = refusal("retry", first, queued, NOBODY, second, first, *WHY)

    assert [result["ok"] for result in document["results"]] == [True, False, False, True]
    assert [result.get("error", {}).get("code") for result in document["results"]] == [
        None, "not_retryable", "execution_not_found", None,
    ]  # fmt: skip
    assert sentence.endswith("2 of 4 were refused.")
    assert answer("executions", "show", second)["status"] == "queued"


def test_run_now_makes_a_scheduled_execution_due():
    told = answer("invoke", "test-noop", "--at", "2026-11-30T09:00:00+00:00")
    answer("run_now", told["id"], *WHY)
    with inline_worker() as worker:
        worker.work()

    assert answer("executions", "show", told["id"])["status"] == "succeeded"


def test_replay_is_a_new_execution_with_edited_params():
    first = answer("invoke", "test-noop", "--params", '{"n": 1}')["id"]
    same = answer("replay", first, *WHY)
    other = answer("replay", first, "--params", '{"n": 2}', *WHY)

    assert same["replay_of"] == other["replay_of"] == first
    assert answer("executions", "show", same["id"])["params"] == {"n": 1}
    assert answer("executions", "show", other["id"])["params"] == {"n": 2}
    assert answer("executions", "show", first)["replays"] == [same["id"], other["id"]]
    assert refusal("replay", first, "--params", '{"n": "x"}', *WHY)[1]["error"]["code"] == "invalid_params"


def test_cancel_says_what_it_did():
    waiting = app.noop.invoke().id
    running = app.external.invoke().id
    with inline_worker() as worker:
        worker.claim()
        worker.claim()
        queued = app.noop.invoke().id
        assert answer("cancel", queued, *WHY)["results"][0] == {
            "id": queued, "ok": True, "status": "cancelled", "asked": False,
        }  # fmt: skip
        assert answer("cancel", running, *WHY)["results"][0]["asked"] is True
        assert answer("cancel", running, "--force", *WHY)["results"][0]["status"] == "in_doubt"
        assert answer("cancel", waiting, *WHY)["results"][0]["status"] == "cancelled"

    assert refusal("cancel", queued, *WHY)[1]["results"][0]["error"]["code"] == "already_finished"


@pytest.mark.parametrize(
    ("said_", "status"), [("happened", "succeeded"), ("run_again", "queued"), ("give_up", "failed")]
)
def test_resolve_settles_a_doubt(said_, status):
    id_ = doubtful()
    result = ["--result", '{"mail": 1}'] if said_ == "happened" else []
    answer("resolve", id_, said_, *result, *WHY)

    shown = answer("executions", "show", id_)
    assert shown["status"] == status
    assert shown["result"] == ({"mail": 1} if result else None)
    assert refusal("resolve", id_, said_, *WHY)[1]["error"]["code"] == "not_in_doubt"


def test_resolve_takes_a_result_only_of_what_happened():
    id_ = doubtful()
    assert refusal("resolve", id_, "give_up", "--result", "1", *WHY)[1]["error"]["code"] == "result_not_allowed"
    assert refusal("resolve", id_, "happened", "--result", "{", *WHY)[1]["error"]["code"] == "invalid_json"
    assert answer("executions", "show", id_)["status"] == "in_doubt"


@pytest.mark.parametrize(("kind", "name"), [("action", "test-noop"), ("queue", "default")])
def test_pause_and_resume(kind, name):
    sync()
    handle = app.noop.invoke()
    assert answer("pause", kind, name, *WHY) == {"kind": kind, "name": name, "paused": True, "changed": True}
    assert answer("pause", kind, name, *WHY)["changed"] is False
    with inline_worker() as worker:
        assert worker.work() == 0
        assert answer("resume", kind, name, *WHY)["paused"] is False
        worker.work()
    assert handle.status == "succeeded"


@pytest.mark.parametrize("name", [name[:3_000] for name in HOSTILE])
@pytest.mark.parametrize("kind", ["action", "queue"])
def test_pause_of_what_is_not_there(kind, name):
    assert refusal("pause", kind, name, *WHY)[1]["error"]["code"] == "action_not_found"


@pytest.mark.parametrize("words", [["retry", NOBODY], ["replay", NOBODY], ["pause", "queue", "default"]])
@pytest.mark.parametrize("reason", ["", "  ", "\t\n", "x" * 2_001])
def test_a_change_needs_a_reason(words, reason):
    _, document = refusal(*words, "--reason", reason)
    error = document["error"] if "error" in document else document["results"][0]["error"]
    assert error["code"] == "reason_required"


@pytest.mark.parametrize("reason", ["a\x00b", "\ud800 half", "\x1b[2J"])
def test_a_hostile_reason_is_kept_harmless(reason):
    id_ = failed()
    answer("retry", id_, "--reason", reason)
    assert audit(id_)[-1]["reason"]


@pytest.mark.parametrize("verb", ["retry", "run_now", "cancel", "replay"])
def test_a_change_without_the_option_is_a_usage_error(verb):
    with pytest.raises(CommandError, match="--reason"):
        said(verb, NOBODY)


@pytest.mark.parametrize("subject", HOSTILE)
def test_a_refusal_of_a_hostile_subject_is_audited(subject):
    nobody = Actor("user", "0", "nobody")
    for verb in (retry_execution, cancel_execution, pause_queue):
        with pytest.raises(Forbidden):
            verb(subject, actor=nobody, reason="because")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'")
        assert cursor.fetchone() == (3,)


# prune


def test_prune_deletes_what_ended_long_ago():
    old, young = failed(), failed()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE actions_execution SET id = '01900000-0000-7000-8000-000000000000', finished_at = now() - interval '40 days' "
            "WHERE id = (SELECT min(id::text)::uuid FROM actions_execution)"
        )

    dry = answer("prune", "--dry-run")
    assert dry == {"days": 30, "dry_run": True, "prunable": 1, "pruned": 0}
    assert answer("prune", "--days", "50")["pruned"] == 0
    assert answer("prune")["pruned"] == 1
    assert [execution["id"] for execution in answer("executions", "list")["executions"]] == [young]
    assert old


@pytest.mark.parametrize("days", ["0", "-1", "99999999999"])
def test_prune_refuses_days_that_cannot_be(days):
    assert refusal("prune", f"--days={days}")[1]["error"]["code"] == "invalid_days"


# As processes


def test_exit_codes_and_where_things_are_said():
    done = manage("invoke", "test-noop", "--params", '{"n": 1}', "--json")
    refused = manage("invoke", "test-noop", "--params", '{"n": "x"}', "--json")
    misused = manage("retry", NOBODY)

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["replayed"] is False
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "invalid_params"
    assert b"invalid_params: The params of test-noop do not fit" in refused.stderr
    assert misused.returncode == 2
    assert b"--reason" in misused.stderr
    assert not [one for one in (done, refused, misused) if b"Traceback" in one.stderr]


def test_bytes_that_are_no_text_are_refused_like_anything_else():
    for words in (["invoke", b"\xff\xfe"], ["executions", "show", b"exec_\xff"], ["pause", "queue", b"\xff", *WHY]):
        refused = manage(*words)
        assert refused.returncode == 1
        assert b"not_found: " in refused.stderr
    refused = manage("invoke", "test-noop", "-", given=b'{"text": "\xff"}')
    assert refused.returncode == 1
    assert b"invalid_encoding: " in refused.stderr


def test_postgresql_away_is_a_sentence_not_a_traceback(tmp_path):
    away = manage("executions", "list", "--json", DATABASE_URL=f"postgresql://postgres@/nowhere?host={tmp_path}")

    assert away.returncode == 1
    assert json.loads(away.stdout)["error"]["code"] == "database_unavailable"
    assert b"database_unavailable: " in away.stderr
    assert b"Traceback" not in away.stderr
