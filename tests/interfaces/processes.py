"""Workflows that the admin's tests look at, and what a reader sees of them."""

import re
from typing import Any

import pytest
from django.test import Client

from actions import GiveUp, wait_for
from tests.app import actions as app
from tests.interfaces.desk import WHY, hidden_in, page_of


@pytest.fixture
def moody(declare: Any) -> Any:
    """Fails for good until its mood changes."""

    @declare("desk-moody")
    def act(n: int = 0) -> dict[str, int]:
        if act.bad:
            raise GiveUp(f"bad mood {n}")
        return {"n": n}

    act.bad = True
    return act


@pytest.fixture
def chain(compose: Any, moody: Any) -> Any:
    """first → moody → third; an optional one beside them."""

    @compose("desk-chain", timeout=3600)
    def act() -> Any:
        first = app.echo.start(value={"n": 1}, step="first")
        second = moody.start(n=first["n"])
        third = app.noop.start(after=[second], step="third")
        app.noop.start(after=[first], step="mail", optional=True)
        return third

    return act


@pytest.fixture
def review(compose: Any) -> Any:
    """Waits for an event, then ends with its payload."""

    @compose("desk-review")
    def act(name: str = "review") -> Any:
        return wait_for(name, timeout=3600)

    return act


def emitted(browser: Client, handle: Any, payload: str = "", **said: str) -> Any:
    """Open the form of emit and send it."""
    opened = browser.get(page_of(handle, "emit"))
    assert opened.status_code == 200
    name = opened.context["form"]["name"].value()
    sent = {**hidden_in(opened), "name": name, "payload": payload, "reason": WHY, **said}
    return browser.post(page_of(handle, "emit"), sent, follow=True)


def row_of(response: Any, key: str) -> str:
    """What a reader sees in the row of one step."""
    lines = re.findall(r"<tr>(.*?)</tr>", response.content.decode(), re.DOTALL)
    found = [line for line in lines if f"<bdi>{key}</bdi></a>" in line.partition("</td>")[0]]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))
