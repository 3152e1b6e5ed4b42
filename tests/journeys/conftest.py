"""The browser of the journeys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import browser as chromium


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """One real Chromium for all journeys."""
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium.executable(), args=["--no-sandbox"])
        yield opened
        opened.close()
