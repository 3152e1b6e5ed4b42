"""The list of executions: what the search says, its tabs and pages, its suggestions, who may see it, odd requests."""

import re
from urllib.parse import unquote

import pytest
from django.test import Client

from actions.engine.group import group
from actions.models import ErrorGroup
from tests.app import actions as app
from tests.engine.searching import catalogue, execution
from tests.interfaces.console_list import LIST, chosen, failed_group, links, list_of, shown
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]

ADDRESSES = [LIST, "/executions/counts/?q=", "/executions/suggest/?q=st&at=2", "/executions/export/?q=", "/views/", "/bulk/", "/failures/"]  # fmt: skip


def crowd(number, **given):
    """So many executions, one a minute; their public ids, the newest first."""
    from actions.ids import public_id

    return [public_id(execution(minute, **given)) for minute in range(number)][::-1]


def offered(answer):
    """The verbs for many that a page offers."""
    return re.findall(r'name="verb" value="(\w+)"', answer.content.decode())


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_log_in_and_nobody_sees_what_is_not_permitted(desk, address):
    """D01"""
    assert Client().get(address)["Location"].startswith("/login/?next=")
    refused = desk.nora.get(address)
    assert refused.status_code == 403
    assert "actions.view_execution" in text_of(refused)


@pytest.mark.parametrize("browser", ["vera", "otto", "ada"])
def test_each_role_sees_the_list_and_only_its_verbs(desk, browser):
    desk.failed()
    answer = getattr(desk, browser).get(list_of("state:failed"))
    assert offered(answer) == ([] if browser == "vera" else ["retry", "replay"])
    assert bool(chosen(answer)) == (browser != "vera")
    assert len(shown(answer)) == 1


@pytest.mark.parametrize(
    ("query", "verbs"),
    [
        ("", ["retry", "run_now", "replay", "cancel"]),
        ("state:failed,queued", ["retry", "run_now", "replay", "cancel"]),
        ("state:retrying", ["run_now", "replay", "cancel"]),
        ("state:running", ["replay", "cancel"]),
        ("state:succeeded", ["replay"]),
    ],
)
def test_the_verbs_for_many_fit_the_states_that_are_asked_for(desk, query, verbs):
    assert offered(desk.otto.get(list_of(query))) == verbs


def test_a_row_says_what_an_operator_needs(desk):
    catalogue()
    id_ = execution(
        1, status="failed", message="mail server said <no>", tags=["nightly", "a b"], actor=("user", "7", "ada")
    )
    execution(2, action="nightly-report")
    execution(3, parent=id_, status="running")
    answer = desk.vera.get(list_of(""))
    text = text_of(answer)
    for word in ("mail server said <no>", "nightly", "ada", "failed", "60.0 s", "workflow", "step"):
        assert word in text
    assert '/executions/?q=tag:"a b"' in map(unquote, links(answer))
    assert b"said <no>" not in answer.content


def test_the_failed_tab_has_the_newest_failure_first(desk):
    catalogue()
    from actions.ids import public_id

    late = execution(1, status="failed", lasted=100)
    early = execution(50, status="failed", lasted=1)
    assert shown(desk.vera.get(list_of("state:failed"))) == [public_id(late), public_id(early)]
    assert shown(desk.vera.get(list_of(""))) == [public_id(early), public_id(late)]


def test_pages_go_forth_and_back_by_their_cursors(desk):
    catalogue()
    ids = crowd(120)
    seen, address = [], list_of("action:send-mail")
    while address:
        answer = desk.vera.get(address)
        seen += shown(answer)
        older = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        address = older and older[1].replace("&amp;", "&")
    assert seen == ids
    newer = re.search(r'rel="prev" href="([^"]+)"', answer.content.decode())[1].replace("&amp;", "&")
    assert shown(desk.vera.get(newer)) == ids[50:100]


def test_tabs_lead_to_lists_with_that_many_rows(desk):
    catalogue()
    for number, status in enumerate(("failed", "failed", "queued", "succeeded", "in_doubt")):
        execution(number, status=status, queue="mail")
    execution(9, status="failed")
    assert "hx-get" in desk.vera.get(list_of("queue:mail")).content.decode()
    for address in ("/executions/counts/?q=queue:mail+state:failed", list_of("queue:mail state:failed", counts="1")):
        tabs = desk.vera.get(address).content.decode()
        found = re.findall(r'<a href="([^"]+)"(?: aria-current="page")?>(?:(?!</a>).)*?<span class="count[^"]*">(\d+)</span></a>', tabs, re.DOTALL)  # fmt: skip
        assert len(found) == 11
        for url, number in found:
            assert len(shown(desk.vera.get(url.replace("&amp;", "&")))) == int(number)
        assert dict(found)[list_of("queue:mail state:failed").replace("&", "&amp;")] == "2"
        assert 'aria-current="page"' in tabs


def test_faults_stand_under_the_box_with_the_text_kept(desk):
    answer = desk.vera.get(list_of("state:faild queue:mail"))
    assert answer.status_code == 200
    text = text_of(answer)
    assert "Character 7" in text
    assert "Did you mean failed?" in text
    assert list_of("state:failed queue:mail") in links(answer)
    assert 'value="state:faild queue:mail"' in answer.content.decode()
    assert "Nothing is shown" in text
    assert list_of("-state:failed") in links(desk.vera.get(list_of("-stat:failed")))
    assert list_of('error:"mail server"') in links(desk.vera.get(list_of('error:"mail server')))


@pytest.mark.parametrize(
    "text",
    ["%", "_", "'", "\\", "\0", "tag:\0", "😀", "error:.*", "x" * 10_000, "error:" + "😀" * 2_500, "y" * 20_001,
     "<script>alert(1)</script>", "\u202eevil", '"', ":", "state:", "after:2026-02-30", "after:9999-12-31", "input.a:1", "group:x"],
)  # fmt: skip
def test_odd_searches_are_literal_or_a_fault(desk, text):
    """D06, D09"""
    desk.failed("100% broken_'\\ off")
    answer = desk.vera.get(LIST, {"q": text})
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert "\u202e" not in re.sub(r'value="[^"]*"', "", answer.content.decode())
    if text in {"%", "_", "'", "\\"}:
        assert len(shown(answer)) == 1
    if "\0" in text:
        assert "cannot be stored" in text_of(answer)
    counted = desk.vera.get("/executions/counts/", {"q": text})
    assert counted.status_code in {200, 204}
    assert desk.vera.get("/executions/suggest/", {"q": text, "at": "4"}).status_code == 200


@pytest.mark.parametrize(
    "more", [{"cursor": "x"}, {"cursor": "A" * 5_000}, {"cursor": "\0"}, {"page": "abc"}, {"from": "2026-02-30"}]
)
def test_what_no_page_has_given_is_the_first_page(desk, more):
    """D09"""
    desk.failed()
    answer = desk.vera.get(list_of("state:failed", **more))
    assert (answer.status_code, len(shown(answer))) == (200, 1)
    assert ("here is the first page" in text_of(answer)) == ("cursor" in more)


def test_suggestions_are_options_of_a_listbox(desk):
    options = desk.vera.get("/executions/suggest/?q=action%3Atest-f&at=13").content.decode()
    assert 'role="option"' in options
    assert 'data-text="test-fail"' in options
    assert 'data-start="7" data-end="13"' in options
    assert 'data-text="state:"' in desk.vera.get("/executions/suggest/?q=&at=nonsense").content.decode()
    box = desk.vera.get(list_of("")).content.decode()
    for attribute in ('role="combobox"', 'aria-controls="suggestions"', 'aria-autocomplete="list"', 'role="listbox"'):
        assert attribute in box


def test_without_payloads_params_are_not_searched(desk):
    """D18: what a reader may not see is not found either."""
    app.echo.invoke(value="hunter2")
    assert "You may not see params" in text_of(desk.vera.get(list_of("input.value:hunter2")))
    assert len(shown(desk.otto.get(list_of("input.value:hunter2")))) == 1


def test_a_live_page_sends_its_rows_and_nothing_twice(desk):
    desk.failed()
    address = list_of("state:failed")
    first = desk.otto.get(address, headers={"X-Live": "1"})
    assert b"<html" not in first.content
    assert b"csrf" not in first.content
    assert shown(first)
    again = desk.otto.get(address, headers={"X-Live": "1", "If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_rows_that_have_left_a_live_page_come_as_they_are_now(desk):
    """Those that fit no more are marked, and nothing can be done to them there; others have only moved to a later page."""
    from actions.ids import public_id

    catalogue()
    fits, done, again = (public_id(execution(n, status=to)) for n, to in enumerate(("failed", "succeeded", "retrying")))
    headers = {"X-Live": "1", "X-Live-Left": f"{done},{fits},{again},rubbish,exec_1,{'x' * 500}"}
    answer = desk.otto.get(list_of("state:failed"), headers=headers).content.decode()
    left = answer.partition("<template data-left>")[2]
    found = {row[:31]: row for row in left.split('<tr data-key="')[1:]}
    assert found.keys() == {fits, done, again}
    assert "moved" not in found[fits]
    assert 'name="row"' in found[fits]
    for id_, status in ((done, "succeeded"), (again, "retrying")):
        assert 'class="moved"' in found[id_]
        assert f"s-{status}" in found[id_]
        assert 'name="row"' not in found[id_]
        assert "data-act" not in found[id_]
    assert count_queries(desk.otto, list_of("state:failed"), headers=headers) <= MOST_QUERIES
    assert b"data-left" not in desk.otto.get(list_of("state:failed"), headers={"X-Live": "1"}).content


def test_times_are_the_readers(desk):
    """D17: today begins in the reader's zone."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    asked = {}
    for zone in ("Pacific%2FAuckland", "America%2FLos_Angeles", "nonsense", "../../etc/passwd", "x" * 500):
        desk.vera.cookies["zone"] = zone
        term = next(desk.vera.get(list_of("after:today")).context["asked"].query.of("after"))
        asked[zone] = desk.vera.get(list_of("after:today")).context["asked"].query.moment(term.values[0])
    there = asked["Pacific%2FAuckland"].astimezone(ZoneInfo("Pacific/Auckland"))
    assert (there.hour, there.date()) == (0, datetime.now(ZoneInfo("Pacific/Auckland")).date())
    assert asked["nonsense"].hour == asked["../../etc/passwd"].hour == 0


@pytest.mark.parametrize(
    "text",
    ["", "state:failed", "action:test-* state:failed error:broken", "order-1", "a b c d test", "-queue:x", "group"],
)
def test_the_list_makes_few_queries(desk, text):
    fingerprint = failed_group(desk, 2)
    address = list_of(f"group:{fingerprint} state:failed" if text == "group" else text)
    for look in (address, f"{address}&counts=1", address.replace("/executions/", "/executions/counts/")):
        assert count_queries(desk.otto, look) <= MOST_QUERIES, look
    assert count_queries(desk.otto, "/executions/suggest/?q=action:&at=7") <= 5


def test_the_group_of_a_failure_is_a_search(desk):
    desk.failed("one")
    desk.failed("two")
    app.give_up.invoke()
    desk.worker.work(waiting=True)
    group()
    found = {one.action: one.fingerprint for one in ErrorGroup.objects.all()}
    assert len(shown(desk.vera.get(list_of(f"group:{found['test-fail']}")))) == 2
    assert len(shown(desk.vera.get(list_of(f"group:{found['test-give-up']} state:failed")))) == 1
    assert len(shown(desk.vera.get(list_of(f"-group:{found['test-fail']} state:failed")))) == 1


def test_an_empty_list_says_what_to_do_next(desk):
    assert "No execution yet" in text_of(desk.vera.get(list_of("")))
    assert "Nothing matches" in text_of(desk.vera.get(list_of("state:failed")))
    assert rows("SELECT count(*) FROM actions_execution") == [(0,)]
