"""Groups of failures at the command line: listed, shown, resolved, ignored for a while, reopened."""

import pytest

from actions.engine.group import group
from actions.models import ErrorGroup
from tests.interfaces.command_line import HOSTILE, WHY, answer, failed, refusal, said
from tests.stage import engine, rows

__all__ = ["engine"]


@pytest.fixture
def known(engine):
    """The group of an execution that has failed."""
    failed()
    group()
    return ErrorGroup.objects.get().pk


def stands(word):
    return [one["group"] for one in answer("failures", "list", "--state", word)["groups"]]


def test_a_group_is_listed_shown_resolved_and_open_when_it_fails_again(known):
    (one,) = answer("failures", "list")["groups"]
    assert (one["action"], one["state"], one["failed"], one["said"]) == ("test-give-up", "open", 1, None)
    assert "GiveUp: no use" in said("failures", "list")
    (told,) = answer("failures", "resolve", known, *WHY)["results"]
    assert told == {"id": known, "ok": True, "state": "resolved", "changed": True}
    assert said("failures", "resolve", known, *WHY) == f"{known}: resolved, as it was.\n"
    assert (stands("open"), stands("resolved"), stands("all")) == ([], [known], [known])
    assert WHY[1] in said("failures", "show", known)
    assert rows("SELECT actor_id, reason FROM actions_auditentry WHERE verb = 'failures.resolved'") == [
        ("command", WHY[1])
    ]
    failed()
    group()
    assert answer("failures", "list", "--action", "test-give-up")["groups"][0]["regressed"] is True
    assert answer("failures", "list", "--action", "test-noop")["groups"] == []


def test_it_is_ignored_for_a_while_or_for_good_and_reopened(known):
    (told,) = answer("failures", "ignore", known, "--for", "2d", *WHY)["results"]
    assert told["state"] == "ignored"
    assert told["until"] == answer("failures", "show", known)["said"]["until"]
    assert "ignored for good" in said("failures", "ignore", known, *WHY)
    assert stands("ignored") == [known]
    assert answer("failures", "reopen", known, *WHY)["results"][0]["changed"] is True
    assert stands("open") == [known]


def test_a_dry_run_of_triage_changes_nothing_and_one_refused_does_not_stop_the_others(known):
    (told,) = answer("failures", "resolve", known, "--dry-run", *WHY)["results"]
    assert (told["changed"], told["dry_run"]) == (True, True)
    assert stands("open") == [known]
    sentence, document = refusal("failures", "resolve", "0" * 32, known, *WHY)
    assert "1 of 2 were refused." in sentence
    assert [result["ok"] for result in document["results"]] == [False, True]


def test_what_cannot_be_said_of_a_group_is_refused_by_its_code(engine):
    for words, code in (
        *[(("ignore", "0" * 32, "--until", time), "invalid_until") for time in ("2020-01-01T00:00:00Z", "soon")],
        (("ignore", "0" * 32, "--until", "2030-01-01T00:00:00"), "invalid_until"),
        *[(("reopen", text), "error_group_not_found") for text in HOSTILE],
    ):
        document = refusal("failures", *words, *WHY)[1]
        assert (document.get("error") or document["results"][0]["error"])["code"] == code
    for text in HOSTILE:
        assert refusal("failures", "show", text)[1]["error"]["code"] == "error_group_not_found"
    assert refusal("failures", "list", "--limit", "0")[1]["error"]["code"] == "invalid_limit"
    assert answer("failures", "list", "--action", "\x00")["groups"] == []
