"""The world that the fault tests share, emptied before each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import World


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Started once: the servers come up again after each kill."""
    world = World(Path(tmp_path_factory.mktemp("faults")))
    world.start()
    yield world
    world.stop()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """An empty world; what a test started is ended after it."""
    shared_world.fresh()
    yield shared_world
    shared_world.clear()
