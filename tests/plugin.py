"""One PostgreSQL and one Redis for the whole test session, and the environment that points at them.

Loaded by `-p tests.plugin` (pyproject.toml), so that the environment stands before Django reads its settings. Every
pytest process has servers and a folder of its own.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions import conf
from doplatform import paths
from doplatform.services import embedded

_SERVERS = pytest.StashKey[embedded.Servers]()
OWN = (
    "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_FIELD_KEYS", "DEBUG", "HTTPS", "DEMO", "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS", "BEHIND_PROXY", "HSTS_SECONDS", "QUEUES", "TIME_ZONE", "LOG_FORMAT", "LOG_LEVEL",
    "TEMPLATE_DIRS", "STATIC_DIRS", *conf.known(),
)  # fmt: skip

LONG = ("journeys/", "faults/", "interfaces/test_api_", "interfaces/test_sdk_")
"""Files that take long: they begin, so that two processes end together. The others are short, and there are many."""


_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
"""Bytes that must be free there: PostgreSQL keeps up to 1 GiB of WAL, and there are two beside each other, and instances."""
_resolve = socket.getaddrinfo


def _keep_in_memory() -> None:
    """Temporary folders are made where syncing costs nothing: a test commits hundreds of times, and no test pulls the plug.

    What a kill -9 leaves stays as it would on a disk. Where there is no such place, or TMPDIR says another, it is the disk.
    """
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _nobody_outside(host: Any, *args: Any, **more: Any) -> Any:
    """No test asks for a name outside of this machine: the answer, and the seconds until it, would be the network's."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost", socket.gethostname()} or name.replace(".", "").isdigit() or ":" in name:
        return _resolve(host, *args, **more)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    socket.getaddrinfo = _nobody_outside
    _keep_in_memory()
    folder = Path(tempfile.mkdtemp(prefix="doplatform-tests-")).resolve()
    # Enough connections for a hundred threads beside the worker processes; and nothing in /dev/shm that kill -9 leaves there.
    own = {"max_connections": "200", "dynamic_shared_memory_type": "mmap"}
    early_config.stash[_SERVERS] = embedded.Servers(folder, temporary=True, postgres_settings=own)
    for name in OWN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ.update(
        DO_DATA=str(folder),
        DATABASE_URL=paths.database_url(folder),
        REDIS_URL=paths.redis_url(folder),
        SECRET_KEY="only-for-tests-" + "x" * 40,
        HTTPS="False",
    )
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        session.config.stash[_SERVERS].start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first."""

    def place(item: pytest.Item) -> int:
        return next((number for number, start in enumerate(LONG) if f"/tests/{start}" in str(item.path)), len(LONG))

    items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(_SERVERS, None)
    if servers is not None:
        servers.stop()
        shutil.rmtree(servers.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> embedded.Servers:
    """The session's servers, for tests that kill, pause and restart them; leave them running."""
    return pytestconfig.stash[_SERVERS]
