"""Tallies: every entry of the audit counted once, whoever counts, and the charts made of them."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from actions.engine.tally import MINUTE_DAYS, tally, tally_anew
from actions.queries import charts
from actions.queries.charts import DAY, HOUR, MINUTE
from tests.app import actions as app
from tests.stage import all_at_once, crew, engine, observer, rows, value, worker

__all__ = ["crew", "engine", "observer", "worker"]
pytestmark = pytest.mark.usefixtures("engine")

_ENTRY = """
INSERT INTO actions_auditentry (at, verb, actor_kind, actor_id, actor_label, action, reason)
VALUES (%s, %s, 'system', '', '', %s, '')
"""
_FROM_AUDIT = """
SELECT date_bin(make_interval(secs => %s), at, 'epoch'), action, count(*) FILTER (WHERE verb = 'execution.accepted'),
  count(*) FILTER (WHERE verb = 'execution.succeeded'), count(*) FILTER (WHERE verb = 'execution.failed'),
  count(*) FILTER (WHERE verb = 'execution.retrying'), count(*) FILTER (WHERE verb = 'execution.in_doubt')
FROM actions_auditentry
WHERE verb IN ('execution.accepted', 'execution.succeeded', 'execution.failed', 'execution.retrying', 'execution.in_doubt')
GROUP BY 1, 2 ORDER BY 1, 2
"""
_TALLIES = """
SELECT at, action, accepted, succeeded, failed, retrying, in_doubt FROM actions_tally WHERE span = %s ORDER BY at, action
"""


def agree():
    for span in (MINUTE, HOUR):
        assert rows(_TALLIES, span) == rows(_FROM_AUDIT, span), span


def entries(number, begin):
    for n in range(number):
        verb = ("accepted", "started", "succeeded", "failed", "retrying", "in_doubt", "accepted")[n % 7]
        rows(_ENTRY, begin + timedelta(seconds=13 * n), f"execution.{verb}", ("a", "b")[n % 2])


def test_what_the_engine_does_is_counted(worker):
    """I-23"""
    for n in range(3):
        app.noop.invoke(n=n)
    app.fail.invoke(message="broken")
    app.doubt.invoke()
    worker.work()
    assert tally() > 0
    agree()
    counted = charts.throughput(datetime.now(UTC) - timedelta(minutes=30), datetime.now(UTC))
    assert sum(bucket.accepted for bucket in counted) == value("SELECT count(*) FROM actions_execution")
    assert sum(bucket.succeeded for bucket in counted) == 3
    assert [bucket.failure_rate for bucket in counted if bucket.failed] == [0.25]


def test_batches_leave_nothing_out_and_nothing_twice():
    entries(100, datetime.now(UTC) - timedelta(hours=3))
    assert tally(size=7) == 100
    assert tally() == 0
    agree()
    entries(20, datetime.now(UTC) - timedelta(hours=3))
    tally(size=3)
    agree()


def test_two_that_count_at_once_count_each_entry_once():
    entries(200, datetime.now(UTC) - timedelta(hours=3))
    assert not [one for one in all_at_once([lambda: tally(size=5)] * 3) if isinstance(one, Exception)]
    assert tally() == 0
    agree()


def test_entries_of_open_transactions_wait(observer: psycopg.Connection):
    observer.execute("BEGIN")
    observer.execute(_ENTRY, [datetime.now(UTC), "execution.accepted", "a"])
    entries(5, datetime.now(UTC))
    assert tally() == 0
    observer.execute("COMMIT")
    assert tally() == 6
    agree()


def test_counting_anew_gives_the_same():
    entries(50, datetime.now(UTC) - timedelta(hours=3))
    tally()
    before = rows(_TALLIES, HOUR)
    tally_anew()
    assert rows(_TALLIES, HOUR) == []
    tally()
    assert rows(_TALLIES, HOUR) == before != []


def test_minutes_are_kept_for_days_and_hours_for_ever():
    old = datetime.now(UTC) - timedelta(days=MINUTE_DAYS + 1)
    entries(10, old)
    entries(10, datetime.now(UTC) - timedelta(minutes=10))
    tally()
    assert value("SELECT min(at) FROM actions_tally WHERE span = 60") > old + timedelta(hours=1)
    assert rows(_TALLIES, HOUR) == rows(_FROM_AUDIT, HOUR)


def test_a_series_has_every_bucket_and_one_action_where_asked():
    begin = datetime(2026, 3, 1, 10, tzinfo=UTC)
    entries(140, begin)
    tally()
    hours = charts.throughput(begin - timedelta(hours=1), begin + timedelta(hours=2), width=HOUR)
    assert [bucket.at.hour for bucket in hours] == [9, 10, 11, 12]
    assert [(bucket.accepted, bucket.failed) for bucket in hours] == [(0, 0), (40, 20), (0, 0), (0, 0)]
    (day,) = charts.throughput(begin, begin, width=DAY)
    assert day.accepted == 40
    only = charts.throughput(begin, begin, width=HOUR, action="a")[0]
    assert only.accepted == value(
        "SELECT count(*) FROM actions_auditentry WHERE action = 'a' AND verb = 'execution.accepted'"
    )
    for width, until in ((61, begin), (0, begin), (MINUTE, begin + timedelta(days=2))):
        with pytest.raises(ValueError, match="no series"):
            charts.throughput(begin, until, width=width)


def restore(number: int) -> None:
    """As if these entries, and the mark before them, had come from a cluster that was a few transactions further."""
    ahead = value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint") + 500
    rows("UPDATE actions_tallymark SET xid = %s, entry = 0", ahead)
    for _ in range(number):
        rows(_RESTORED, ahead)


_RESTORED = """
INSERT INTO actions_auditentry (at, verb, actor_kind, actor_id, actor_label, action, reason, xid)
VALUES (now(), 'execution.failed', 'system', '', '', 'a', '', %s)
"""


def test_after_a_restore_into_another_cluster_each_entry_is_still_counted_once():
    entries(10, datetime.now(UTC) - timedelta(hours=3))
    tally()
    restore(20)
    entries(15, datetime.now(UTC) - timedelta(hours=1))
    assert tally(size=7) == 35
    agree()
    entries(5, datetime.now(UTC) - timedelta(hours=1))
    assert tally() == 5
    for _ in range(600):
        rows("SELECT pg_current_xact_id()")
    entries(5, datetime.now(UTC))
    assert tally() == 5
    agree()


def test_without_its_mark_everything_is_counted_again():
    """`manage.py flush` empties that table too."""
    entries(10, datetime.now(UTC) - timedelta(hours=3))
    tally()
    rows("DELETE FROM actions_tallymark")
    assert tally() == 10
    agree()
