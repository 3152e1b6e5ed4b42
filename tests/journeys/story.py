"""What the stories in the browser stand on: an instance that is up, the administrator's window, the demo's buttons."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.instance import Instance
from tests.journeys.terminal import Terminal

_ENDS = 20_000  # milliseconds
_NO_SEED = "demo_seeded"


@pytest.fixture(scope="module")
def instance(own_folder: Path) -> Iterator[Instance]:
    """The platform, up, with the demo's servers on free ports and without its seed."""
    data = own_folder / "story"
    data.mkdir()
    (data / _NO_SEED).touch()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SMTP", "CRM", "PAYMENT", "CONTROL"):
            patch.setenv(f"DEMO_{name}_PORT", "0")
        with Instance(data) as up:
            up.ready()
            up.says("Stop and start them on")
            yield up


@pytest.fixture(scope="module")
def terminal(instance: Instance) -> Iterator[Terminal]:
    """A second terminal, for `manage.py`."""
    with Terminal(instance.data) as opened:
        yield opened


@pytest.fixture
def page(chrome: Browser, instance: Instance) -> Iterator[Page]:
    """A browser window in which the administrator has logged in, as the ready text says."""
    window = chrome.new_page(base_url=instance.url)
    window.goto("/")
    window.get_by_label("Username").fill("admin")
    window.get_by_label("Password").fill(instance.password)
    window.get_by_role("button", name="Log in").click()
    yield window
    window.close()


@pytest.fixture
def control(chrome: Browser, instance: Instance) -> Iterator[Page]:
    """A second window, with the buttons of the demo's servers; all of them healthy when the test begins and ends."""
    window = chrome.new_page()
    window.goto(instance.says(r"Stop and start them on (\S+)")[1])
    yield window
    for title in ("mail server", "payment provider"):
        press(window, title, "Start")
    window.close()


def press(control: Page, server: str, button: str) -> None:
    """Press a button of one server, unless it is so already."""
    section = control.locator("section").filter(has=control.get_by_role("heading", name=f"The {server}"))
    found = section.get_by_role("button", name=button, exact=True)
    if found.is_enabled():
        found.click()


def trigger(page: Page, action: str, reason: str = "", **params: str) -> str:
    """Trigger an action by its form; returns the id of the execution whose page opens."""
    page.goto(f"/admin/actions/action/{action}/trigger/")
    for name, value in params.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Trigger").click()
    page.wait_for_url(re.compile("/execution/exec_"))
    found = re.search(r"exec_[0-9a-z]{26}", page.url)
    assert found
    return found[0]


def becomes(page: Page, status: str) -> None:
    """Look again, as a person does, until the page says this status."""
    heading = page.locator("h1").filter(has_text=status)
    for _ in range(_ENDS // 250):
        if heading.count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(heading).to_be_visible()


def retry(page: Page, execution: str, reason: str) -> None:
    """Retry an execution on its page, as an operator does."""
    page.goto(f"/admin/actions/execution/{execution}/change/")
    page.get_by_role("link", name="Retry", exact=True).click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Retry").click()


def audit(terminal: Terminal, execution: str) -> list[tuple[str, str, str]]:
    """verb, actor and reason of every entry, oldest first."""
    shown = terminal.manage("executions", "show", execution)
    return [(entry["verb"], entry["actor"]["label"], entry["reason"]) for entry in shown["audit"]]


def lines(instance: Instance, file: str) -> list[dict[str, Any]]:
    """What one of the demo's servers keeps."""
    kept = Path(instance.data / "demo" / file)
    return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
