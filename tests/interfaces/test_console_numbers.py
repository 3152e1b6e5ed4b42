"""Every number leads to the list that it counts, and the list is as long as the number says."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from actions.engine.group import group
from tests.app import actions as app
from tests.interfaces.console_list import shown
from tests.interfaces.desk import desk
from tests.stage import engine

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


@pytest.mark.parametrize(("address", "least"), [("/", 8), ("/queues/", 3), ("/failures/", 1), ("/actions/", 3)])
def test_a_number_is_the_length_of_its_list(world, address, least):
    found = numbers(world.ada.get(address))
    assert len(found) >= least
    for list_, number in found:
        assert len(shown(world.ada.get(list_))) == number, list_
    if address == "/queues/":
        assert [number for _, number in found] == [3, 4, 0]
