"""The browser of the journeys, and a place for their data folders."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="module")
def own_folder() -> Iterator[Path]:
    """A folder for the data folders of one file."""
    # Not below pytest's own folder: a second pytest closes that to the servers' user.
    folder = Path(tempfile.mkdtemp(prefix="doplatform-journeys-")).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
