"""Which failures are open, and which handled: by the list, by its counts, and by what the overview says of them."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from actions import narrowing
from actions.ids import public_id
from actions.models import ErrorGroup
from actions.queries import troubles
from actions.queries.search import counts, every, page, parse, plan, streams, unhandled
from tests.engine.searching import BEGIN, catalogue, execution
from tests.engine.test_search import walk
from tests.stage import engine, rows

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("engine")

DAY = timedelta(days=1)


def said(action, state, *, at=None, until=None):
    """What people said about the failures of an action, which are one group."""
    ErrorGroup.objects.create(
        fingerprint=hashlib.md5(f"{action}\x1fValueError\x1fexception\x1f".encode()).hexdigest(), action=action,
        code="exception", error_class="ValueError", message="", count=1, first_seen_at=BEGIN, last_seen_at=BEGIN,
        state=state, state_at=at or BEGIN, ignored_until=until,
    )  # fmt: skip


@pytest.fixture
def failures(engine):
    """Failures of every kind: which of them are open, and which handled, the newest first."""
    now = datetime.now(UTC)
    catalogue("a-new", "b-open", "c-ignored", "d-back", "e-later", "f-resolved", "g-single")
    said("b-open", "open")
    said("c-ignored", "ignored")
    said("d-back", "ignored", until=now - DAY)
    said("e-later", "ignored", until=now + DAY)
    said("f-resolved", "resolved", at=BEGIN + timedelta(minutes=51))
    open_ = [
        execution(minute, action=action, status="failed")
        for minute, action in ((1, "a-new"), (10, "b-open"), (30, "d-back"), (51, "f-resolved"))
    ]
    handled = [
        execution(minute, action=action, status="failed")
        for minute, action in ((20, "c-ignored"), (40, "e-later"), (50, "f-resolved"), (60, "g-single"))
    ]
    rows("UPDATE actions_execution SET handled_attempt = attempt WHERE id = %s", handled[-1])
    # It was handled once, and has failed again since.
    rows("UPDATE actions_execution SET handled_attempt = attempt - 1 WHERE id = %s", open_[1])
    for minute, status in ((70, "succeeded"), (71, "in_doubt"), (72, "queued")):
        execution(minute, action="c-ignored", status=status)
    return open_[::-1], handled[::-1]


@pytest.mark.parametrize("most", [100, 4, 3, 1])
def test_a_failure_is_open_until_it_or_its_group_is_handled(failures, most, monkeypatch):
    """By their ids, where there are few; else looked for among all that failed."""
    monkeypatch.setattr(unhandled, "MOST", most)
    open_, handled = failures
    for text, expected in {
        "is:open": open_,
        "is:handled": handled,
        "is:open state:failed": open_,
        "is:open state:queued": [],
        "is:open is:handled": [],
        "is:open action:f-*": open_[:1],
        "is:handled action:f-*": handled[1:2],
        f"is:handled id:{public_id(handled[0])}": handled[:1],
        "-is:open state:failed": handled,
        "-is:handled state:failed": open_,
        "is:open,handled": sorted(open_ + handled, reverse=True),
    }.items():
        assert walk(parse(text), 2)[0] == expected, text
        assert [row.id for row in every(parse(text))] == expected, text
        assert counts.total(parse(text)).number == len(expected), text
    assert len(list(every(parse("is:open,late")))) == 5
    assert page(parse("is:open")).by_end


def test_the_overview_has_the_newest_of_them_and_their_number(failures, monkeypatch, django_assert_num_queries):
    open_, _ = failures
    with django_assert_num_queries(1):
        found = troubles.troubles(3)
    assert [one.public_id for one in found.failed] == [public_id(id_) for id_ in open_[:3]]
    assert (found.open, found.more, [one.action for one in found.in_doubt]) == (4, False, ["c-ignored"])
    assert counts.total(parse(found.query)).number == found.open
    with narrowing.reading(narrowing.Reader(("b-*", "c-*"))):
        assert [one.action for one in troubles.troubles(3).failed] == ["b-open"]
        assert [row.action for row in page(parse("is:open")).rows] == ["b-open"]
    monkeypatch.setattr(unhandled, "MOST", 2)
    assert (troubles.troubles(1).open, troubles.troubles(1).more) == (2, True)


def test_beyond_the_groups_that_are_looked_at_nothing_is_taken_for_open(failures, monkeypatch):
    monkeypatch.setattr(unhandled, "MOST_GROUPS", 2)
    open_, _ = failures
    found = troubles.troubles(9)
    assert found.more and [one.public_id for one in found.failed] == [public_id(id_) for id_ in open_]
    assert unhandled.unhandled().more and set(unhandled.unhandled().ids) < set(open_)
    assert walk(parse("is:open"), 2)[0] == open_


def test_how_far_is_looked_has_a_bound(failures, monkeypatch):
    monkeypatch.setattr(unhandled, "MOST", 2)
    for name in ("WINDOW", "SCATTERED_WINDOW"):
        monkeypatch.setattr(streams, name, 2)
    monkeypatch.setattr(plan, "_MOST_RARE", 0)
    open_, handled = failures
    assert page(parse("is:open"), limit=9).limited
    assert walk(parse("is:open"), 5)[0] == open_
    assert walk(parse("is:handled"), 5)[0] == handled
