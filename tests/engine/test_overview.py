"""The numbers of the overview are those of the lists that they lead to; queues and workers as they stand."""

from datetime import UTC, datetime, timedelta

import pytest

from actions.ids import public_id
from actions.queries import floor, overview
from actions.queries.search import Allowed, InvalidQuery, every, parse
from tests.engine.searching import BEGIN, catalogue, crowd, execution, id_at
from tests.stage import engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")

NOW = BEGIN + timedelta(minutes=100)


def listed(text):
    return len(list(every(parse(text, now=NOW))))


def test_every_figure_is_what_its_list_has(django_assert_num_queries):
    """I-23"""
    crowd()
    for since in ("-30m", "-1h", "2026-03-01"):
        for status, figure in overview.figures(since, now=NOW).items():
            assert (figure.count.number, figure.count.more) == (listed(figure.query), False), (since, status)
    with pytest.raises(InvalidQuery):
        overview.figures("tomorrow")
    assert overview.figures("-1h", now=NOW, allowed=Allowed(()))["failed"].count.number == 0


def test_groups_of_failures_are_what_their_lists_have():
    catalogue()
    for minute in range(30):
        execution(minute, status="failed", action=("charge", "send-mail")[minute % 3 == 0], message=f"broken {minute}")
    groups = overview.failures("-90m", now=NOW)
    assert [(group.action, group.error, group.more) for group in groups] == [
        ("charge", "ValueError", False),
        ("send-mail", "ValueError", False),
    ]
    assert [group.number for group in groups] == [listed(group.query) for group in groups]
    assert groups[1].message == "broken 27" and groups[1].newest == public_id(id_at(27))
    assert overview.failures("-1m", now=NOW) == []


def test_latency_is_of_the_newest():
    catalogue()
    for minute in range(20):
        execution(minute, action="charge", lasted=minute / 60, status="failed" if minute == 3 else "succeeded")
    (found,) = overview.latency(["charge", "send-mail"], sample=11)
    assert (found.action, found.number, found.failed) == ("charge", 11, 0)
    assert found.run_p50 == pytest.approx(14)
    assert found.run_p95 == pytest.approx(18.5)
    assert overview.latency(["charge"])[0].failure_rate == pytest.approx(0.05)
    (newest,) = overview.latency(["charge"], since=BEGIN + timedelta(minutes=19))
    assert newest.number == 1


def test_queues_say_what_waits_and_who_works(django_assert_num_queries):
    catalogue()
    now = datetime.now(UTC)
    rows("INSERT INTO actions_queue (name, paused_by, paused_reason) VALUES ('mail', 'ada', 'down'), ('slow', '', '')")
    for minute, status in enumerate(("queued", "retrying", "queued", "running", "succeeded", "failed")):
        execution(minute, queue="mail", status=status)
    rows("UPDATE actions_execution SET available_at = %s WHERE id = %s", now + timedelta(days=1), id_at(2))
    rows(
        "INSERT INTO actions_worker (id, name, host, pid, queues, started_at, heartbeat_at, gone_at) VALUES "
        "(1, 'a', 'h', 1, '{mail,slow}', now(), now(), NULL), (2, 'b', 'h', 2, '{mail}', now(), now() - interval '1 day', NULL), "
        "(3, 'c', 'h', 3, '{mail}', now(), now(), now())"
    )
    with django_assert_num_queries(1):
        mail, slow = floor.queues()
    assert (mail.due, mail.scheduled, mail.oldest, mail.running, mail.workers, mail.paused_by, mail.more) == (
        2, 1, BEGIN, 1, 1, "ada", False,
    )  # fmt: skip
    assert (slow.due, slow.oldest, slow.workers) == (0, None, 1)
    assert len(list(every(parse(mail.query)))) == mail.due + mail.scheduled
    with django_assert_num_queries(1):
        first, second = floor.workers()
    assert (first.id, first.silent, first.current, first.action) == (1, False, public_id(id_at(3)), "send-mail")
    assert (second.id, second.silent, second.current) == (2, True, "")
