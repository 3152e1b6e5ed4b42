"""Groups of failures in the console: their list, one of them, what people say about them, retries of all."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from actions.engine.group import group
from actions.engine.operate import triage
from actions.models import AuditEntry, ErrorGroup
from tests.app import actions as app
from tests.interfaces.console_list import failed_group, links, list_of, shown
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import ALICE, engine, rows

__all__ = ["desk", "engine"]


def said(desk, fingerprint, word, **more):
    return desk.otto.post(f"/failures/{fingerprint}/{word}/", {"reason": WHY, **more})


def listed(desk, state="open"):
    return re.findall(r'data-key="(\w{32})"', desk.vera.get(f"/failures/?state={state}").content.decode())


def test_a_group_is_listed_with_its_number_and_its_executions(desk):
    fingerprint = failed_group(desk, 3)
    desk.in_doubt()
    group()
    page = desk.vera.get("/failures/")
    text = text_of(page)
    assert "RuntimeError in test-fail" in text
    assert "broken 2" in text
    assert 'class="spark"' in page.content.decode()
    assert f"/executions/?q=group:{fingerprint}+state:failed" in links(page)
    assert len(shown(desk.vera.get(f"/executions/?q=group:{fingerprint}+state:failed"))) == 3
    assert "+ 1 in doubt or retrying" in text
    one = desk.vera.get(f"/failures/{fingerprint}/")
    assert "3 executions" in text_of(one)
    assert one.content.decode().count('data-key="exec') == 3
    assert list_of(f"group:{fingerprint} state:failed") in links(one)


def test_resolve_leaves_the_list_and_a_new_failure_brings_it_back(desk):
    fingerprint = failed_group(desk)
    assert "comes back" in text_of(desk.otto.get(f"/failures/{fingerprint}/resolve/"))
    assert said(desk, fingerprint, "resolve")["Location"] == f"/failures/{fingerprint}/"
    assert (listed(desk), listed(desk, "resolved")) == ([], [fingerprint])
    assert "Open 0 Resolved 1 Ignored 0" in text_of(desk.vera.get("/failures/"))
    page = text_of(desk.otto.get(f"/failures/{fingerprint}/"))
    assert "Resolved by otto" in page
    assert WHY in page
    desk.failed()
    group()
    assert (listed(desk), listed(desk, "resolved")) == ([fingerprint], [])
    assert "regressed" in text_of(desk.vera.get("/failures/"))
    assert "It has failed since it was resolved" in text_of(desk.vera.get(f"/failures/{fingerprint}/"))
    assert list(AuditEntry.objects.filter(verb="failures.resolved").values_list("actor_label", "reason")) == [
        ("otto", WHY)
    ]


def test_ignore_until_and_reopen(desk):
    fingerprint = failed_group(desk)
    assert said(desk, fingerprint, "ignore", span="week").status_code == 302
    until = ErrorGroup.objects.get().ignored_until
    assert timedelta(days=6, hours=23) < until - datetime.now(UTC) < timedelta(days=7, minutes=1)
    assert (listed(desk), listed(desk, "ignored")) == ([], [fingerprint])
    page = desk.otto.get(f"/failures/{fingerprint}/")
    assert f"/failures/{fingerprint}/reopen/" in links(page)
    assert f"/failures/{fingerprint}/resolve/" not in links(page)
    said(desk, fingerprint, "reopen")
    assert listed(desk) == [fingerprint]
    # Two operators: the second is told.
    answer = desk.ada.post(f"/failures/{fingerprint}/reopen/", {"reason": "me too"}, follow=True)
    assert "Somebody had said so before" in text_of(answer)


@pytest.mark.parametrize("until", ["", "yesterday", "2020-01-01T00:00", "9999-99-99T00:00", "\0"])
def test_a_time_that_is_none_is_a_fault_at_its_field(desk, until):
    """D09"""
    fingerprint = failed_group(desk, 1)
    answer = said(desk, fingerprint, "ignore", span="until", until=until)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert WHY in text_of(answer)
    assert listed(desk) == [fingerprint]


def test_a_reason_is_needed_and_viewers_only_look(desk):
    fingerprint = failed_group(desk, 1)
    assert "Say why" in text_of(desk.otto.post(f"/failures/{fingerprint}/resolve/", {"reason": " "}))
    page = desk.vera.get(f"/failures/{fingerprint}/").content.decode()
    assert "Retry all" not in page
    assert "/resolve/" not in page
    refused = desk.vera.post(f"/failures/{fingerprint}/resolve/", {"reason": WHY})
    assert (refused.status_code, listed(desk)) == (403, [fingerprint])
    assert AuditEntry.objects.filter(verb="access.denied", actor_label="vera").exists()


def test_retry_all_freezes_what_stands_failed(desk):
    fingerprint = failed_group(desk, 2)
    page = desk.otto.get(f"/failures/{fingerprint}/")
    assert "Retry all 2" in text_of(page)
    kept = desk.otto.post("/bulk/choose/", {"verb": "retry", "all": "1", "q": f"group:{fingerprint} state:failed"})
    assert "2 of 2 would get it" in text_of(desk.otto.get(kept["Location"]))


@pytest.mark.parametrize(
    "address",
    [
        "/failures/nothing/",
        f"/failures/{'0' * 32}/",
        "/failures/%00/",
        "/failures/" + "a" * 300 + "/",
        "/failures/x/dance/",
    ],
)
def test_what_is_not_there_is_said_to_be_missing(desk, address):
    assert desk.otto.get(address).status_code == 404


@pytest.mark.parametrize(
    "query", ["state=nonsense", "before=x", "before=1e999-a", "before=nan-a", "before=5-%00", "action=%00", "page=abc"]
)
def test_odd_addresses_are_the_first_page(desk, query):
    """D09"""
    failed_group(desk, 1)
    assert desk.vera.get(f"/failures/?{query}").status_code == 200


def test_many_groups_are_paged(desk, monkeypatch):
    from actions.queries import failures

    rows(
        "INSERT INTO actions_errorgroup (fingerprint, action, code, error_class, place, message, count, first_seen_at, last_seen_at) "
        "SELECT md5(n::text), 'a', 'exception', 'E', '', 'm', 1, now(), now() - n * interval '1 s' FROM generate_series(1, 120) AS n"
    )
    seen, address = [], "/failures/"
    while address:
        page = desk.vera.get(address).content.decode()
        seen += re.findall(r'data-key="(\w{32})"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older and older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 120
    assert failures.PAGE == 50


def test_pages_of_failures_make_few_queries_and_stay_live(desk):
    fingerprint = failed_group(desk)
    app.give_up.invoke()
    desk.worker.work(waiting=True)
    group()
    for address in ("/failures/", f"/failures/{fingerprint}/", f"/failures/{fingerprint}/ignore/"):
        assert count_queries(desk.otto, address) <= MOST_QUERIES
    for address in ("/failures/", f"/failures/{fingerprint}/"):
        first = desk.otto.get(address, headers={"X-Live": "1"})
        assert b"<html" not in first.content
        again = desk.otto.get(address, headers={"X-Live": "1", "If-None-Match": first["ETag"]})
        assert again.status_code == 304


def test_a_group_that_has_left_a_live_page_says_how_it_stands(desk):
    fingerprint = failed_group(desk)
    headers = {"X-Live": "1", "X-Live-Left": f"{fingerprint},{'0' * 32},rubbish"}
    assert "moved on" not in text_of(desk.otto.get("/failures/", headers=headers))
    triage.ignore_group(fingerprint, until=None, actor=ALICE, reason=WHY)
    left = desk.otto.get("/failures/", headers=headers).content.decode().partition("<template data-left>")[2]
    assert re.findall(r'data-key="(\w+)"[^>]*class="moved"', left) == [fingerprint]
    assert "s-ignored" in left
    assert "moved on" not in text_of(desk.otto.get("/failures/?state=ignored", headers=headers))
    counts = desk.otto.get("/failures/counts/?state=open")
    assert b"<html" not in counts.content
    assert re.sub(r"\s+", " ", text_of(counts)).strip() == "Open 0 Resolved 0 Ignored 1"
