"""Every number leads to the list that it counts, and the list is as long as the number says."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from actions.engine.group import group
from actions.engine.tally import tally
from actions.models import ErrorGroup
from actions.queries import overview
from actions.queries.search.clauses import id_at
from tests.app import actions as app
from tests.interfaces.console_list import shown
from tests.interfaces.desk import WHY, desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]


@pytest.fixture
def world(desk):
    """Some of nearly everything, in numbers that differ."""
    desk.failed("one")
    desk.failed("two")
    desk.in_doubt()
    for number in range(3):
        app.noop.invoke(n=number)
    for number in range(4):
        app.noop.invoke(n=number, available_at=datetime.now(UTC) + timedelta(hours=1))
    group()
    return desk


def numbers(page):
    """Where each number of a page leads, and the number."""
    found = re.findall(r'<a href="(/executions/\?q=[^"]+)"[^>]*>(?:<[^>]*>|[a-z ])*(\d+)', page.content.decode())
    return [(html.unescape(address), int(number)) for address, number in found]


@pytest.mark.parametrize(
    ("address", "least"),
    [("/", 8), ("/?window=1h", 8), ("/?window=7d", 8), ("/queues/", 3), ("/failures/", 1), ("/actions/", 3)],
)
def test_a_number_is_the_length_of_its_list(world, address, least):
    found = numbers(world.ada.get(address))
    assert len(found) >= least
    for list_, number in found:
        assert len(shown(world.ada.get(list_))) == number, list_
    if address == "/queues/":
        assert [number for _, number in found] == [3, 4, 0]


def test_what_ended_follows_the_window_and_what_is_now_does_not(world):
    _move("one", hours=2)
    _move("two", hours=30)
    app.noop.invoke(n=9)
    world.worker.work()
    seen = {}
    for window in ("1h", "24h", "7d"):
        page = world.vera.get("/", {"window": window})
        ended = {str(tile.status): tile for tile in page.context["ended"]}
        assert {parse_qs(urlsplit(tile.url).query)["q"][0] for tile in ended.values()} == {
            f"state:{status} after:-{window}" for status in ended
        }
        assert all(len(shown(world.vera.get(tile.url))) == tile.number for tile in ended.values())
        now = [(tile.status, tile.number, tile.url) for tile in page.context["now"]]
        seen[window] = ({status: tile.number for status, tile in ended.items()}, now)
    rest = {"succeeded": 4, "in_doubt": 1, "cancelled": 0}
    assert seen["1h"][0] == {"failed": 0, **rest}
    assert seen["24h"][0] == {"failed": 1, **rest}
    assert seen["7d"] == ({"failed": 2, **rest}, seen["1h"][1])


def test_of_more_than_are_counted_the_charts_know_about_how_many(desk, monkeypatch):
    app.noop.invoke_many([{"n": number} for number in range(4)])
    desk.worker.work()
    monkeypatch.setattr(overview, "_LOOKED", 2)
    assert "<strong>3+</strong>" in desk.vera.get("/").content.decode()
    while tally():
        pass
    assert "<strong>≈ 4</strong>" in desk.vera.get("/").content.decode()


def test_what_belongs_to_a_group_that_is_resolved_is_handled_until_it_fails_again(world):
    def overview():
        page = world.otto.get("/")
        tile = page.context["now"][0]
        assert tile.label == "unhandled"
        assert len(shown(world.otto.get(tile.url))) == tile.number
        return tile.number, sum(one.action == "test-fail" for one in page.context["failures"])

    known = ErrorGroup.objects.get(action="test-fail").pk
    assert overview() == (2, 2)
    assert world.otto.post(f"/failures/{known}/resolve/", {"reason": WHY}).status_code == 302
    assert overview() == (0, 0)
    assert "No failure is open" in text_of(world.vera.get("/"))
    assert "No failure is open" in text_of(world.ada.get("/admin/"))
    assert len(shown(world.vera.get("/executions/?q=is:handled"))) == 2
    world.failed("three")
    assert overview() == (1, 1)
    assert world.otto.post(f"/failures/{known}/ignore/", {"reason": WHY, "span": "ever"}).status_code == 302
    assert overview() == (0, 0)
    assert world.otto.post(f"/failures/{known}/reopen/", {"reason": WHY}).status_code == 302
    assert overview() == (3, 3)


def _move(said, *, hours):
    """Let a failure have been asked for, and have failed, hours ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    rows("UPDATE actions_execution SET id = %s, finished_at = %s WHERE error->>'message' = %s", id_at(at), at, said)
