"""Finding executions: every kind of term against what plain Python finds, paged both ways, with windows, for keys."""

import hashlib
from datetime import timedelta
from urllib.parse import quote

import pytest

from actions.errors import InvalidInput
from actions.ids import public_id
from actions.queries.queues import Overdue, overdue, queues
from actions.queries.search import Allowed, InvalidQuery, counts, every, late, page, parse, plan, streams
from actions.queries.search.suggest import suggestions
from tests.engine.searching import BEGIN, catalogue, crowd, execution, id_at
from tests.stage import engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")

WITH_ERROR = {"failed", "retrying", "in_doubt"}
CHARGES = hashlib.md5(b"charge\x1fValueError\x1fexception\x1f").hexdigest()
LETTERS = hashlib.md5(b"send-letter\x1fValueError\x1fexception\x1f").hexdigest()
FOUND = {
    "": lambda one: True,
    "state:failed": lambda one: one["status"] == "failed",
    "state:failed,in_doubt": lambda one: one["status"] in {"failed", "in_doubt"},
    "state:queued,retrying,running": lambda one: one["status"] in {"queued", "retrying", "running"},
    "state:blocked,waiting,cancelled,skipped": lambda one: (
        one["status"] in {"blocked", "waiting", "cancelled", "skipped"}
    ),
    "-state:succeeded": lambda one: one["status"] != "succeeded",
    "state:succeeded queue:mail": lambda one: one["status"] == "succeeded" and one["queue"] == "mail",
    "state:failed state:queued": lambda one: False,
    "action:charge": lambda one: one["action"] == "charge",
    "action:send-*": lambda one: one["action"].startswith("send-"),
    "action:send-*,charge -action:send-mail": lambda one: one["action"] in {"send-letter", "charge"},
    "-action:send-*": lambda one: not one["action"].startswith("send-"),
    'action:"send-*"': lambda one: False,
    "action:send-* state:failed": lambda one: one["action"].startswith("send-") and one["status"] == "failed",
    "action:charge state:failed finished-after:2026-03-01T00:20": lambda one: (
        one["action"] == "charge" and one["status"] == "failed" and one["finished"] >= BEGIN + timedelta(minutes=20)
    ),
    "queue:m*l": lambda one: one["queue"] == "mail",
    "tag:nightly action:charge": lambda one: one["tags"] and one["action"] == "charge",
    "-tag:nightly": lambda one: not one["tags"],
    "tag:night*": lambda one: one["tags"],
    "key:order-8,order-12": lambda one: one["key"] in {"order-8", "order-12"},
    "key:order-1*": lambda one: (one["key"] or "").startswith("order-1"),
    "-key:order-*": lambda one: one["key"] is None,
    'error:"SERVER 3"': lambda one: one["status"] in WITH_ERROR and "server 3" in one["message"],
    'error:"100%"': lambda one: one["status"] in WITH_ERROR,
    'error:"1_0%"': lambda one: False,
    "error:exception state:in_doubt": lambda one: one["status"] == "in_doubt",
    "actor:Ada": lambda one: one["actor"][2] == "ada",
    "actor:shop,nobody": lambda one: one["actor"][1] == "shop",
    "trigger:api_key": lambda one: one["actor"][0] == "api_key",
    "input.customer.id:3": lambda one: one["params"]["customer"]["id"] == 3,
    "input.customer.id:3,4 -state:succeeded": lambda one: (
        one["params"]["customer"]["id"] in {3, 4} and one["status"] != "succeeded"
    ),
    "params.customer.name:a_b": lambda one: True,
    "params.customer.name:a%": lambda one: False,
    "input.customer.name:a_*": lambda one: True,
    "after:2026-03-01T01:00": lambda one: one["minute"] >= 60,
    "before:2026-03-01T01:00 after:2026-03-01T00:30": lambda one: 30 <= one["minute"] < 60,
    "-after:2026-03-01T01:00": lambda one: one["minute"] < 60,
    "state:failed after:2026-03-01T01:00": lambda one: one["status"] == "failed" and one["minute"] >= 60,
    "finished-after:2026-03-01T01:00": lambda one: one["finished"] and one["finished"] >= BEGIN + timedelta(minutes=60),
    "state:failed finished-before:2026-03-01T01:00": lambda one: (
        one["status"] == "failed" and one["finished"] < BEGIN + timedelta(minutes=60)
    ),
    "due-before:2026-03-01T01:00 state:queued": lambda one: one["status"] == "queued" and one["minute"] < 60,
    "due-after:2026-03-01T01:00": lambda one: one["minute"] >= 60,
    "is:late": lambda one: one["status"] in {"queued", "retrying"},
    "-is:late": lambda one: one["status"] not in {"queued", "retrying"},
    "is:late queue:mail": lambda one: one["status"] in {"queued", "retrying"} and one["queue"] == "mail",
    "is:late state:retrying": lambda one: one["status"] == "retrying",
    "is:late state:failed": lambda one: False,
    "is:open": lambda one: one["status"] == "failed",
    "is:open action:send-*": lambda one: one["status"] == "failed" and one["action"].startswith("send-"),
    "is:open,late": lambda one: one["status"] in {"failed", "queued", "retrying"},
    "is:handled": lambda one: False,
    "-is:open": lambda one: one["status"] != "failed",
    f"group:{CHARGES}": lambda one: one["action"] == "charge" and one["status"] in WITH_ERROR,
    f"group:{CHARGES},{LETTERS} state:failed": lambda one: (
        one["action"] in {"charge", "send-letter"} and one["status"] == "failed"
    ),
    f"-group:{CHARGES} state:failed": lambda one: one["action"] != "charge" and one["status"] == "failed",
    "kind:top": lambda one: one["parent"] is None,
    "kind:step": lambda one: one["parent"],
    "kind:workflow": lambda one: one["action"] == "nightly-report",
    "kind:workflow,step": lambda one: one["parent"] or one["action"] == "nightly-report",
    f"parent:{public_id(id_at(0))}": lambda one: one["parent"],
    f"id:{public_id(id_at(7))},{public_id(id_at(8))}": lambda one: one["minute"] in {7, 8},
    f"-id:{public_id(id_at(7))}": lambda one: one["minute"] != 7,
    public_id(id_at(5)): lambda one: one["minute"] == 5,
    "order-16": lambda one: one["key"] == "order-16",
    "letter": lambda one: one["action"] == "send-letter",
    '"server 4"': lambda one: one["status"] in WITH_ERROR and "server 4" in one["message"],
    "-letter": lambda one: one["action"] != "send-letter",
}


def wanted(made, text):
    found = [one for one in made if FOUND[text](one)]
    if page(parse(text)).by_end:
        found.sort(key=lambda one: (one["finished"], one["id"]), reverse=True)
    return [one["id"] for one in found]


def walk(query, limit, **options):
    """All pages forwards, then all of them back again."""
    forwards, cursor, pages = [], "", []
    while cursor is not None:
        found = page(query, cursor=cursor, limit=limit, **options)
        assert len(found.rows) <= limit
        pages.append(found)
        forwards += [row.id for row in found.rows]
        cursor = found.next
    backwards, cursor = [row.id for row in pages[-1].rows], pages[-1].previous
    while cursor is not None:
        found = page(query, cursor=cursor, limit=limit, **options)
        backwards = [row.id for row in found.rows] + backwards
        cursor = found.previous
    return forwards, backwards, pages


def narrow(monkeypatch):
    """Windows of few rows, and no action that is rare."""
    monkeypatch.setattr(streams, "WINDOW", 16)
    monkeypatch.setattr(streams, "SCATTERED_WINDOW", 8)
    monkeypatch.setattr(plan, "_MOST_RARE", 0)


def test_every_term_finds_what_it_says_on_pages_of_every_size():
    made = crowd()
    for text in FOUND:
        expected = wanted(made, text)
        assert [row.id for row in page(parse(text), limit=200).rows] == expected, text
        assert [row.id for row in every(parse(text), size=7)] == expected, text
        forwards, backwards, _ = walk(parse(text), 7)
        assert forwards == backwards == expected, text


def test_a_window_leaves_nothing_out_and_says_how_far_it_looked(monkeypatch):
    made = crowd()
    narrow(monkeypatch)
    limited = set()
    for text in FOUND:
        expected = wanted(made, text)
        forwards, backwards, pages = walk(parse(text), 5)
        assert forwards == backwards == expected, text
        assert [row.id for row in every(parse(text), size=5)] == expected, text
        for found in pages:
            assert found.limited == (found.sentences[-1:] != () and "at a time" in found.sentences[-1])
            assert not found.limited or (len(found.rows) < 5 and found.next)
        if any(found.limited for found in pages):
            limited.add(text)
    assert {"queue:m*l", "input.customer.id:3", "-tag:nightly", "trigger:api_key"} & limited
    # What an index answers is never limited.
    answered = {"", "state:failed,in_doubt", "action:send-*", "key:order-8,order-12", "order-16", "letter"}
    assert not limited & (answered | {"action:send-* state:failed"})


def test_many_pending_executions_are_not_sorted(monkeypatch):
    made = crowd()
    monkeypatch.setattr(plan, "_MOST_PENDING", 3)
    for text in ("state:queued,retrying,running", 'error:"SERVER 3"'):
        assert walk(parse(text), 7)[0] == wanted(made, text)


def test_a_reader_sees_only_what_is_allowed():
    made = crowd()
    for names, seen in (
        (("charge",), {"charge"}), (("send-*",), {"send-mail", "send-letter"}), (("nothing",), set()), ((), set()),
        (("charge", "send-l*"), {"charge", "send-letter"}), (("*",), {one["action"] for one in made}),
    ):  # fmt: skip
        for text, fits in FOUND.items():
            expected = [one["id"] for one in made if fits(one) and one["action"] in seen]
            forwards, _, _ = walk(parse(text), 9, allowed=Allowed(names))
            assert sorted(forwards, reverse=True) == expected, (names, text)


def test_a_row_says_what_lists_show():
    catalogue()
    id_ = execution(1, status="failed", message="x" * 500, code="gave_up", parent=id_at(0), key="a", tags=["t"])
    (row,) = page(parse("state:failed")).rows
    assert (row.public_id, row.cause, row.duration, row.workflow) == (
        public_id(id_),
        "x" * 240,
        60.0,
        public_id(id_at(0)),
    )
    shown = row.as_dict()
    assert shown["error"] == {"code": "gave_up", "message": "x" * 500}
    assert (shown["id"], shown["workflow"], shown["tags"]) == (public_id(id_), public_id(id_at(0)), ["t"])


def test_words_say_how_they_were_read():
    crowd(20)
    assert page(parse("order-16")).sentences == ("“order-16” was read as an idempotency key.",)
    assert "part of an action’s name" in page(parse("letter")).sentences[0]
    assert "text in an error" in page(parse("nowhere")).sentences[0]


@pytest.mark.parametrize("text", ["\0", "error:\0", 'tag:"\ud800"', "input.a\0.b:1", "action:\0*", "key:\0", "😀" * 2_500, "%" * 10_000,
                                  r"error:\%_'", "'; DROP TABLE x", ".*", "error:*"])  # fmt: skip
def test_odd_text_is_literal(text):
    """D06"""
    crowd(20)
    found = page(parse(text))
    assert found.rows == () or text == "error:*"
    if "\0" in text or "\ud800" in text:
        assert "cannot be stored" in found.sentences[-1]


@pytest.mark.parametrize(
    "cursor",
    ["abc", "0", "-1", "AQ", "é", "\0", "A" * 35, "A" * 10_000, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", quote("ü")],
)
def test_a_cursor_that_no_page_gave_is_refused(cursor):
    """B29"""
    with pytest.raises(InvalidQuery, match="cursor"):
        page(parse(""), cursor=cursor)


def test_a_cursor_of_a_list_in_another_order_is_refused():
    crowd(60)
    cursor = page(parse(""), limit=1).next
    assert cursor
    with pytest.raises(InvalidQuery):
        page(parse("state:failed"), cursor=cursor, limit=1)


@pytest.mark.parametrize("limit", [0, -1, 201, 10**20])
def test_a_page_has_a_size(limit):
    with pytest.raises(InvalidInput) as caught:
        page(parse(""), limit=limit)
    assert caught.value.code == "invalid_query"


def test_counts_are_what_the_lists_have():
    """I-23"""
    crowd()
    for text in FOUND:
        query = parse(text)
        found = counts.by_status(query)
        for status, count in found.items():
            assert not count.more
            listed = every(query.without("state").having("state", status.value))
            assert count.number == len(list(listed)), (text, status)
        assert (total := counts.total(query)) is None or total.number == len(list(every(query))), text


def test_counts_stop_at_the_cap_and_say_when_there_may_be_more(monkeypatch):
    crowd()
    capped = counts.by_status(parse(""), cap=5)
    assert (str(capped["succeeded"]), capped["succeeded"].more, capped["failed"].more) == ("5+", True, False)
    narrow(monkeypatch)
    windowed = counts.by_status(parse("queue:mail"))["succeeded"]
    first = page(parse("queue:mail state:succeeded"))
    assert windowed.more and first.limited and 0 < windowed.number <= len(first.rows)


def test_counts_are_one_statement(django_assert_num_queries):
    crowd(20)
    with django_assert_num_queries(2):  # the second looks whether what is pending is few
        counts.by_status(parse("queue:mail"))


def test_late_is_what_is_due_for_over_a_minute_and_not_paused(monkeypatch):
    crowd(0)
    now = BEGIN + timedelta(minutes=60)
    late_ones = [execution(minute, status="queued", queue=queue) for minute, queue in ((3, "mail"), (58, "default"))]
    execution(59, number=1, status="queued")
    execution(5, status="queued", queue="stopped")
    execution(6, status="retrying", action="charge")
    execution(7, status="running")
    execution(8, status="queued", tags=["held"])
    execution(9, status="queued", action="nightly-report")
    rows("INSERT INTO actions_tag (name, paused_at, paused_by, paused_reason) VALUES ('held', now(), '', '')")
    rows("UPDATE actions_action SET tags = '[\"held\"]' WHERE name = 'nightly-report'")
    rows("INSERT INTO actions_queue (name, paused_at, paused_by, paused_reason) VALUES ('stopped', now(), '', '')")
    rows("UPDATE actions_action SET paused_at = now() WHERE name = 'charge'")
    rows("UPDATE actions_execution SET priority = 7 WHERE id = %s", late_ones[0])
    found = parse("is:late", now=now)
    assert late.late(now) == late.Late(late_ones[::-1], more=False)
    assert [row.id for row in page(found).rows] == late_ones[::-1]
    assert counts.total(found).number == 2
    # Where there are more than are looked at, nothing is left out either.
    monkeypatch.setattr(late, "MOST", 1)
    assert late.late(now).more
    assert [row.id for row in every(found)] == late_ones[::-1]
    planner = plan.Planner(found, glance=True)
    glance = page(found, planner=planner)
    assert {row.id for row in glance.rows} <= set(late_ones)
    assert "due longest" in glance.sentences[0]
    assert counts.by_status(found, planner=planner)["queued"].more


def test_what_is_late_is_counted_with_the_queues_as_its_list_counts_it(django_assert_num_queries):
    crowd(90)
    rows("INSERT INTO actions_queue (name, paused_by, paused_reason) VALUES ('default', '', ''), ('mail', '', '')")
    expected = counts.total(parse("is:late")).number
    with django_assert_num_queries(1):
        found = queues()
    assert overdue(found) == Overdue(expected, more=False)
    assert [queue.late for queue in found] == [
        counts.total(parse(f"is:late queue:{queue.name}")).number for queue in found
    ]
    assert expected > 2


def test_counts_keep_to_what_the_reader_may_see():
    made = crowd()
    found = counts.by_status(parse(""), allowed=Allowed(("charge",)))
    assert sum(count.number for count in found.values()) == len([one for one in made if one["action"] == "charge"])


def test_suggestions_of_names_come_from_one_query(django_assert_num_queries):
    catalogue()
    rows("INSERT INTO actions_queue (name, paused_by, paused_reason) VALUES ('mail', '', '')")
    with django_assert_num_queries(1):
        assert [one.text for one in suggestions("state:failed action:mail", 24)] == ["send-mail"]
    assert [one.text for one in suggestions("queue:", 6)] == ["mail"]
    with django_assert_num_queries(0):
        assert [one.text for one in suggestions("st", 2)] == ["state:"]
