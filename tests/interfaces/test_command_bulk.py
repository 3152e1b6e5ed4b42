"""One verb on all that a search finds, at the command line: counted, confirmed, waited for, with an exit code by outcome."""

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from actions.management.commands import bulk
from actions.models import BulkItem, BulkOperation, BulkSelection
from actions.testing import inline_worker
from tests.app import actions as app
from tests.interfaces.command_line import HOSTILE, NOBODY, WHY, answer, refusal, said
from tests.stage import engine, rows

__all__ = ["engine"]

RETRY = ("bulk", "retry", "--q", "state:failed action:test-give-up", *WHY)


@pytest.fixture
def worker(engine):
    with inline_worker() as inline:
        yield inline


@pytest.fixture
def fails(worker):
    """Two that have failed, and one of another action."""
    ids = [app.give_up.invoke().id for _ in range(2)]
    app.noop.invoke()
    worker.work()
    return ids


@pytest.fixture
def works(worker, monkeypatch):
    """The operation is at its end when it is waited for."""
    monkeypatch.setattr(bulk, "wait", lambda *_: worker.work())


def test_a_dry_run_counts_exactly_what_matches_and_begins_nothing(fails):
    told = answer(*RETRY, "--dry-run")
    assert (told["total"], told["able"], told["dry_run"], told["id"]) == (2, 2, True, None)
    assert set(told["sample"]) == set(fails)
    assert told["standing"] == [{"status": "failed", "number": 2, "able": 2}]
    text = said("bulk", "retry", "--q", "action:test-*", "--dry-run", *WHY)
    assert "1 succeeded: 1 would be skipped" in text
    assert text.endswith("Dry run: nothing was changed.\n")
    assert (BulkSelection.objects.count(), BulkOperation.objects.count()) == (0, 0)


def test_it_begins_only_when_somebody_knows_how_many_it_is(fails, monkeypatch):
    sentence, document = refusal(*RETRY, "--no-wait")
    assert sentence.startswith("not_confirmed: 2 executions match.")
    assert (document["total"], document["error"]["code"]) == (2, "not_confirmed")
    assert refusal(*RETRY, "--no-wait", "--count", "3")[1]["error"]["code"] == "not_confirmed"

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for typed in ("3\n", "", "yes\n", "-2\n", "9" * 5_000):
        monkeypatch.setattr(sys, "stdin", Terminal(typed))
        assert refusal(*RETRY, "--no-wait")[1]["error"]["code"] == "not_confirmed"
    assert BulkOperation.objects.count() == 0
    monkeypatch.setattr(sys, "stdin", Terminal("2\n"))
    assert answer(*RETRY, "--no-wait")["total"] == 2
    assert BulkOperation.objects.get().reason == WHY[1]
    assert answer(*RETRY, "--count", "2", "--no-wait")["id"]


def test_all_done_is_exit_code_0_and_every_item_has_its_verb(fails, works):
    told = answer(*RETRY, "--yes", "--per-second", "1000")
    assert (told["state"], told["done"], told["skipped"], told["failed"]) == ("done", 2, 0, 0)
    assert set(BulkItem.objects.values_list("outcome", flat=True)) == {"done"}
    assert BulkOperation.objects.get().actor_label.endswith("at the command line")
    (shown,) = answer("bulk", "list")["operations"]
    assert shown == {name: told[name] for name in shown}
    assert f"{told['id']}  retry  done  2 done of 2" in said("bulk", "list")
    assert answer("bulk", "abort", told["id"], *WHY) == {"id": told["id"], "changed": False}


def test_what_was_not_done_is_exit_code_1_and_said(fails, works):
    sentence, document = refusal("bulk", "retry", "--q", "action:test-*", "--yes", *WHY)
    assert sentence == "not_all_done: 1 of 3 were not done."
    assert (document["done"], document["skipped"]) == (2, 1)
    assert [item["code"] for item in document["items"]] == ["not_retryable"]
    assert answer("bulk", "show", document["id"])["items"] == document["items"]


def test_what_has_not_ended_by_then_goes_on(fails, worker):
    sentence, document = refusal(*RETRY, "--yes", "--wait", "0.01")
    assert sentence.startswith(f"still_running: {document['id']} has not ended; it goes on.")
    assert document["state"] == "running"
    assert answer("bulk", "abort", document["id"], *WHY)["changed"] is True
    worker.work()
    assert answer("bulk", "show", document["id"])["state"] == "aborted"


@pytest.mark.parametrize("verb", ["run-now", "cancel", "replay"])
def test_the_other_verbs_are_done_too(worker, works, verb):
    waits = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1)).id
    told = answer("bulk", verb, "--q", f"id:{waits}", "--yes", *WHY)
    assert (told["verb"], told["done"]) == (verb.replace("-", "_"), 1)
    assert rows("SELECT verb FROM actions_bulkoperation") == [(told["verb"],)]


def test_nothing_to_do_is_done_and_what_cannot_be_is_refused_by_its_code(engine, monkeypatch):
    assert answer(*RETRY, "--yes")["total"] == 0
    assert said(*RETRY) == "Nothing matches; nothing was changed.\n"
    for search in ("state:nowhere", "colour:red", 'error:"', "after:soon", "", " "):
        assert refusal("bulk", "cancel", "--q", search, "--yes", *WHY)[1]["error"]["code"] == "invalid_query"
    for text in (*HOSTILE, NOBODY):
        assert refusal("bulk", "show", text)[1]["error"]["code"] == "bulk_operation_not_found"
        assert refusal("bulk", "abort", text, *WHY)[1]["error"]["code"] == "bulk_operation_not_found"
    app.noop.invoke()
    app.noop.invoke()
    assert (
        refusal("bulk", "cancel", "--q", "action:test-noop", "--yes", "--per-second", "0", *WHY)[1]["error"]["code"]
        == "invalid_rate"
    )
    assert (
        refusal("bulk", "cancel", "--q", "action:test-noop", "--yes", "--reason", " ")[1]["error"]["code"]
        == "reason_required"
    )
    monkeypatch.setattr(bulk, "MOST", 1)
    assert (
        refusal("bulk", "cancel", "--q", "action:test-noop", "--yes", *WHY)[1]["error"]["code"] == "invalid_selection"
    )
