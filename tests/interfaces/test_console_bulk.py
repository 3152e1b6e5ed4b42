"""Bulk operations in the console: what is chosen stays chosen, the preview says what would be done, each item has its outcome;
and exports of what lists show."""

import csv
import io
import json
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions import ids
from actions.definitions.actor import CODE
from actions.engine.bulk import begin as begin_module
from actions.engine.bulk import work
from actions.engine.operate.retry import retry
from actions.models import AuditEntry, BulkItem, BulkOperation, BulkSelection
from actions.queries.search import parse
from actions.queries.search.choose import choose
from tests.app import actions as app
from tests.engine.searching import catalogue, execution
from tests.interfaces.console_list import chosen, links, list_of
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import column, engine, rows

__all__ = ["desk", "engine"]

FAILED = "state:failed"


def select(browser, verb="retry", query=FAILED, **more):
    """What the list's form sends when all rows of its page are ticked; or `all`."""
    values = {} if "all" in more else {"row": chosen(browser.get(list_of(query)))}
    return browser.post("/bulk/choose/", {"verb": verb, "q": query, **values, **more})


def begun(browser, kept, **said):
    return browser.post(kept["Location"], {"reason": WHY, **said})


def many(number, **given):
    """So many failed executions, as rows."""
    catalogue()
    return [ids.public_id(execution(minute, status="failed", **given)) for minute in range(number)]


def outcomes():
    return dict(BulkItem.objects.values_list("execution_id", "outcome"))


def test_chosen_rows_are_previewed_done_and_told(desk):
    handles = [desk.failed(f"broken {number}") for number in range(3)]
    kept = select(desk.otto)
    assert kept.status_code == 302
    page = text_of(desk.otto.get(kept["Location"]))
    for word in ("Retry 3 executions", "3 of 3 would get it", "0 would be skipped", "broken 1", FAILED):
        assert word in page
    assert "Type " not in page
    done = begun(desk.otto, kept)
    assert re.fullmatch(r"/bulk/[0-9a-f-]{36}/", done["Location"])
    progress = desk.otto.get(done["Location"])
    assert 'value="0"' in progress.content.decode()
    assert "0 of 3" in text_of(progress)
    desk.worker.work()
    after = desk.otto.get(done["Location"])
    assert "3 of 3" in text_of(after)
    assert WHY in text_of(after)
    assert all(column(handle, "attempt") == 4 for handle in handles)
    assert after.content.decode().count("s-done") >= 3
    assert "Retry 3" in text_of(desk.vera.get("/bulk/"))


def test_its_page_is_live_until_the_executions_have_ended_too(desk):
    desk.failed()
    done = begun(desk.otto, select(desk.otto))
    desk.worker.work()
    assert BulkOperation.objects.get().finished_at is not None
    fragment = desk.otto.get(done["Location"], headers={"X-Live": "1"})
    assert "retrying" in text_of(fragment)
    assert "Some executions below are still at work" in text_of(fragment)
    assert "X-Live-Ended" not in fragment
    assert "data-live-toggle" in desk.otto.get(done["Location"]).content.decode()
    desk.worker.work(waiting=True)
    fragment = desk.otto.get(done["Location"], headers={"X-Live": "1"})
    assert fragment["X-Live-Ended"] == "1"
    assert "Final: all" in text_of(fragment)
    whole = desk.otto.get(done["Location"]).content.decode()
    assert "data-live=" not in whole
    assert "data-live-toggle" not in whole


def test_double_submits_and_the_back_button_are_one_operation(desk):
    """D03"""
    desk.failed()
    kept = select(desk.otto)
    first, second = begun(desk.otto, kept), begun(desk.otto, kept, per_second="5")
    assert first["Location"] == second["Location"]
    assert "begun before" in text_of(desk.otto.get(second["Location"]))
    assert BulkOperation.objects.count() == 1
    # Nobody else acts by what Otto has chosen.
    assert desk.ada.get(kept["Location"]).status_code == 404
    assert desk.ada.post(kept["Location"], {"reason": WHY}).status_code == 404


def test_two_operators_at_once_retry_once(desk):
    """D03: the second one's item says why it was skipped."""
    handle = desk.failed()
    mine, hers = select(desk.otto), select(desk.ada)
    begun(desk.otto, mine)
    answer = begun(desk.ada, hers)
    desk.worker.work()
    # Both operations are done by the same worker, one after the other.
    assert column(handle, "attempt") == 4
    items = list(BulkItem.objects.order_by("at").values_list("outcome", flat=True))
    assert sorted(items) == ["done", "skipped"]
    assert "Nothing was changed" in text_of(desk.ada.get(answer["Location"])) or items == ["skipped", "done"]


def test_what_is_done_is_what_was_seen(desk):
    """Not what the search finds by then: what came later is not touched, what has moved on is skipped."""
    first = desk.failed("first")
    kept = select(desk.otto, all="1")
    app.fail.invoke(message="later")
    desk.worker.work(waiting=True)
    desk.otto.post("/bulk/choose/", {"verb": "retry", "q": "state:nonsense", "all": "1"})
    assert "1 of 1 would get it" in text_of(desk.otto.get(kept["Location"]))
    rows("UPDATE actions_execution SET attempt = attempt + 1 WHERE id = %s", ids.parse_id(first.id))
    page = text_of(desk.otto.get(kept["Location"]))
    assert "0 of 1 would get it" in page
    assert "has moved on" in page
    assert "Nothing would be done" in page
    begun(desk.otto, kept)
    desk.worker.work()
    assert list(outcomes().values()) == ["skipped"]


def test_a_row_is_chosen_with_the_attempt_that_was_seen(desk):
    """D04: changed between the list and the click."""
    desk.failed()
    (value,) = chosen(desk.otto.get(list_of(FAILED)))
    rows("UPDATE actions_execution SET attempt = attempt + 1")
    kept = desk.otto.post("/bulk/choose/", {"verb": "retry", "q": FAILED, "row": [value]})
    assert "1 has moved on: a new attempt since you saw it" in text_of(desk.otto.get(kept["Location"]))


def test_the_preview_says_what_would_be_skipped_by_status(desk):
    catalogue()
    for number, status in enumerate(["failed"] * 3 + ["queued"] * 2 + ["succeeded"]):
        execution(number, status=status)
    page = text_of(desk.otto.get(select(desk.otto, query="", all="1")["Location"]))
    assert "3 of 6 would get it; 3 would be skipped" in page
    assert re.search(r"failed 3 retry queued 2 skipped succeeded 1 skipped", page)
    page = text_of(desk.otto.get(select(desk.otto, "cancel", "", all="1")["Location"]))
    assert "2 of 6 would get it" in page


def test_a_large_number_has_to_be_typed(desk):
    many(101)
    kept = select(desk.otto, all="1")
    page = desk.otto.get(kept["Location"])
    assert "Type 101" in text_of(page)
    assert "20 of 101" in text_of(page)
    for typed in ("", "100", "1e2", "\0"):
        answer = begun(desk.otto, kept, number=typed)
        assert answer.status_code == 200
        assert WHY in text_of(answer)
    assert not BulkOperation.objects.exists()
    assert begun(desk.otto, kept, number=" 101 ").status_code == 302
    assert BulkOperation.objects.get().total == 101


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "1e9", "quick"])
def test_a_rate_that_is_none_is_a_fault_at_its_field(desk, rate):
    desk.failed()
    kept = select(desk.otto)
    answer = begun(desk.otto, kept, per_second=rate)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not BulkOperation.objects.exists()


def test_too_many_are_refused_and_nothing_is_kept(desk, monkeypatch):
    """B34 in the console: the limit is said, and nothing is done."""
    from actions.dashboard import bulk

    many(5)
    monkeypatch.setattr(bulk, "MOST", 4)
    answer = select(desk.otto, all="1")
    assert "More than 4 executions match" in text_of(desk.otto.get(answer["Location"]))
    monkeypatch.setattr(bulk, "MOST", 5)
    assert "/bulk/selected/" in select(desk.otto, all="1")["Location"]
    assert begin_module.MOST == 100_000


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose rows first"),
        ({"row": ["nonsense", "exec_.1", "\0", "exec_01jz5k3q8m6y2v9c4t7w1x0abc", "exec_01jz5k3q8m6y2v9c4t7w1x0abc.-1"]}, "Choose rows first"),
        ({"all": "1", "q": "state:failed queue:none"}, "Nothing matches any more"),
        ({"all": "1", "q": "state:faild"}, "Did you mean failed?"),
    ],
)  # fmt: skip
def test_a_choice_of_nothing_goes_back_to_the_list(desk, sent, said):
    answer = desk.otto.post("/bulk/choose/", {"verb": "retry", **sent}, follow=True)
    assert said in text_of(answer)
    assert not BulkSelection.objects.exists()


def test_who_may_not_do_the_verb_is_not_offered_it_and_refused(desk):
    desk.failed()
    refused = desk.vera.post("/bulk/choose/", {"verb": "retry", "all": "1", "q": FAILED})
    assert refused.status_code == 403
    assert AuditEntry.objects.filter(verb="access.denied", actor_label="vera").exists()
    kept = select(desk.otto)
    done = begun(desk.otto, kept)
    assert desk.vera.get(done["Location"]).status_code == 200
    assert desk.vera.post(f"{done['Location']}abort/", {"reason": WHY}).status_code == 403
    assert desk.otto.post("/bulk/choose/", {"verb": "force_stop", "all": "1", "q": ""}).status_code == 404
    assert desk.otto.get("/bulk/choose/").status_code == 405
    # What was taken away meanwhile counts.
    again = select(desk.otto)
    User.objects.get(username="otto").groups.clear()
    assert desk.otto.post(again["Location"], {"reason": WHY}).status_code == 403


def test_read_only_refuses_bulk(desk, settings):
    desk.failed()
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    page = desk.ada.get(list_of(FAILED)).content.decode()
    assert 'name="verb"' not in page
    assert desk.ada.post("/bulk/choose/", {"verb": "retry", "all": "1", "q": FAILED}).status_code == 403


def test_an_operation_is_aborted_with_a_reason(desk):
    many(4, action="send-mail")
    kept = select(desk.otto, all="1")
    done = begun(desk.otto, kept)
    assert f"{done['Location']}abort/" in links(desk.otto.get(done["Location"]))
    assert "Say why" in text_of(desk.otto.post(f"{done['Location']}abort/", {"reason": ""}))
    assert desk.otto.post(f"{done['Location']}abort/", {"reason": WHY})["Location"] == done["Location"]
    again = desk.ada.post(f"{done['Location']}abort/", {"reason": WHY}, follow=True)
    assert "It had ended before" in text_of(again)
    desk.worker.work()
    page = text_of(desk.otto.get(done["Location"]))
    assert "aborted" in page
    assert "4 were left as they were" in page


def test_an_operation_whose_execution_has_failed_says_so_and_goes_on_by_its_retry(desk, monkeypatch):
    desk.failed()
    kept = select(desk.otto, all="1")
    monkeypatch.setattr(work, "_settle", lambda item, act: 1 / 0)
    done = begun(desk.otto, kept)
    desk.worker.work(waiting=True)
    doer = BulkOperation.objects.get().execution
    page = desk.otto.get(done["Location"])
    assert "It stopped before its end: division by zero" in text_of(page)
    assert f"/executions/{doer}/" in links(page)
    assert "stopped" in text_of(desk.otto.get("/bulk/"))
    monkeypatch.undo()
    retry(doer.public_id, actor=CODE, reason=WHY)
    desk.worker.work()
    assert "1 of 1" in text_of(desk.otto.get(done["Location"]))
    rows("UPDATE actions_bulkoperation SET finished_at = NULL")
    rows("DELETE FROM actions_execution")
    for address in ("/bulk/", done["Location"]):
        assert "stopped" in text_of(desk.otto.get(address))


def test_items_are_filtered_paged_and_exported(desk):
    many(70)
    kept = select(desk.otto, "replay", all="1")
    done = begun(desk.otto, kept)
    rows("UPDATE actions_bulkitem SET outcome = 'skipped', code = 'x', message = '=1+1' WHERE position <= 60")
    first = desk.otto.get(f"{done['Location']}?outcome=skipped")
    assert first.content.decode().count("<tr data-row>") == 50
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1].replace("&amp;", "&")
    assert desk.otto.get(done["Location"] + older).content.decode().count("<tr data-row>") == 10
    assert desk.otto.get(f"{done['Location']}?outcome=open").content.decode().count("<tr data-row>") == 10
    assert desk.otto.get(f"{done['Location']}?outcome=nonsense&after=x").content.decode().count("<tr data-row>") == 50
    sheet = b"".join(desk.otto.get(f"{done['Location']}export/?format=csv&outcome=skipped").streaming_content).decode()
    lines = list(csv.DictReader(io.StringIO(sheet)))
    assert len(lines) == 60
    assert lines[0]["message"] == "'=1+1"
    told = b"".join(desk.otto.get(f"{done['Location']}export/?format=ndjson").streaming_content).decode()
    assert len([json.loads(line) for line in told.splitlines()]) == 70
    assert AuditEntry.objects.filter(verb="bulk.exported").count() == 2
    assert desk.otto.get(f"{done['Location']}export/?format=xlsx").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/bulk/00000000-0000-4000-8000-000000000000/",
        "/bulk/00000000-0000-4000-8000-000000000000/export/",
        "/bulk/selected/00000000-0000-4000-8000-000000000000/",
        "/bulk/x/",
    ],
)
def test_what_is_not_there_is_missing(desk, address):
    assert desk.otto.get(address).status_code == 404


def test_pages_of_bulk_make_few_queries(desk):
    many(60)
    kept = select(desk.otto, all="1")
    assert count_queries(desk.otto, kept["Location"]) <= MOST_QUERIES
    done = begun(desk.otto, kept)
    for address in ("/bulk/", "/bulk/?before=x", done["Location"], f"{done['Location']}abort/"):
        assert count_queries(desk.otto, address) <= MOST_QUERIES
    with CaptureQueriesContext(connection) as caught:
        found, more = choose(parse("state:failed queue:default"), 100)
    assert (len(found), more, len(caught)) == (60, False, 1)


def test_what_was_chosen_yesterday_is_forgotten(desk):
    desk.failed()
    kept = select(desk.otto)
    rows("UPDATE actions_bulkselection SET created_at = now() - interval '25 hours'")
    select(desk.otto)
    assert BulkSelection.objects.count() == 1
    assert desk.otto.get(kept["Location"]).status_code == 404


# Exports of the list


def taken(browser, query, form="csv"):
    answer = browser.get("/executions/export/", {"q": query, "format": form})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment;")
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", 'a"b,c\nd'])
def test_cells_are_no_formulas(desk, text):
    """D08"""
    catalogue()
    execution(1, status="failed", message=text, tags=[text])
    (line,) = csv.DictReader(io.StringIO(taken(desk.otto, FAILED)))
    cells = [line["error.message"]]
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)
    assert line["error.message"].lstrip("'").replace("\r\n", "\n") == text.replace("\r\n", "\n")
    (told,) = map(json.loads, taken(desk.otto, FAILED, "ndjson").splitlines())
    assert told["error"]["message"] == text


def test_an_export_is_audited_and_has_payloads_for_who_may_see_them(desk):
    """D08, D18"""
    app.echo.invoke(value={"password": "hunter2", "name": "ada"})
    desk.worker.work()
    with_payload, without = taken(desk.otto, "", "ndjson"), taken(desk.vera, "", "ndjson")
    assert "ada" in with_payload
    assert "hunter2" not in with_payload
    assert "params" not in without
    assert "params" not in taken(desk.vera, "")
    told = AuditEntry.objects.filter(verb="executions.exported").order_by("id")
    assert [(entry.actor_label, entry.data["format"], entry.data["payload"]) for entry in told] == [
        ("otto", "ndjson", True),
        ("vera", "ndjson", False),
        ("vera", "csv", False),
    ]


@pytest.mark.parametrize(("query", "form"), [("state:faild", "csv"), (FAILED, "xlsx"), ("\0:", "csv")])
def test_what_cannot_be_exported_goes_back_to_the_list(desk, query, form):
    answer = desk.otto.get("/executions/export/", {"q": query, "format": form})
    assert answer.status_code in {200, 302}
    assert answer.status_code == 200 or answer["Location"].startswith("/executions/?q=")
    if answer.status_code == 302:
        assert not AuditEntry.objects.filter(verb="executions.exported").exists()


def test_an_export_is_made_as_it_is_sent(desk, monkeypatch):
    """D08: so many rows at a time, whatever the size of the list."""
    from actions.queries import exports

    many(25)
    monkeypatch.setattr(exports, "_FEW", 10)
    with CaptureQueriesContext(connection) as caught:
        answer = desk.otto.get("/executions/export/", {"q": FAILED})
        before = len(caught)
        chunks = list(answer.streaming_content)
    assert len(chunks) == 3
    assert len(caught) > before
