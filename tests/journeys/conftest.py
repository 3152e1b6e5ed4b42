"""The browser of the journeys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import browser as chromium


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A real Chromium. Gone with the module: while playwright lives, its loop keeps this thread from Django's ORM."""
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium.executable(), args=["--no-sandbox"])
        yield opened
        opened.close()
