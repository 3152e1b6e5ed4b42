"""The world that the fault tests share, emptied before each."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import World


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    """Started once: the servers come up again after each kill."""
    # Not below pytest's own folder: a second pytest closes that to the servers' user.
    folder = Path(tempfile.mkdtemp(prefix="doplatform-faults-"))
    world = World(folder)
    try:
        world.start()
        yield world
    finally:
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """An empty world; what a test started is ended after it."""
    shared_world.fresh()
    yield shared_world
    shared_world.clear()
