"""The stage of a benchmark: servers of its own in a temporary folder, Django on top, and processes that end with it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doplatform import paths
from doplatform.services.embedded import Servers

ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 10.0


class Stage:
    """PostgreSQL (fsync and synchronous_commit on) and Redis over one temporary folder, and the started processes."""

    def __init__(
        self, *, knobs: Mapping[str, Any] | None = None, postgres_settings: Mapping[str, str] | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="doplatform-bench-")).resolve()
        self.servers = Servers(self.folder, postgres_settings=postgres_settings)
        self._processes: list[subprocess.Popen[bytes]] = []
        for name in ("QUEUES", "DEBUG", "SECRET_FIELD_KEYS", "DATABASE_URL_FILE", "REDIS_URL_FILE", "SECRET_KEY_FILE"):
            os.environ.pop(name, None)
        os.environ.update(
            DO_DATA=str(self.folder),
            DATABASE_URL=paths.database_url(self.folder),
            REDIS_URL=paths.redis_url(self.folder),
            SECRET_KEY="only-for-benchmarks-" + "x" * 40,
            HTTPS="False",
            DEMO="False",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="benchmarks.settings",
            BENCHMARK_KNOBS=json.dumps(dict(knobs or {})),
            PYTHONPATH=str(ROOT),
        )

    def open(self) -> None:
        """Start the servers, set Django up in this process, make the tables."""
        self.servers.start()
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def start(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A Python process at the project's root; what it says goes to <name>.log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
            )
        self._processes.append(process)
        return process

    def manage(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A management command as a process."""
        return self.start(name, str(ROOT / "manage.py"), *arguments, env=env)

    def stop(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """End processes that this stage started."""
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        for process in processes:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self, name: str) -> str:
        """What the process called `name` said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End everything and remove the folder."""
        self.stop(self._processes[::-1])
        if "django" in sys.modules:
            from django.apps import apps
            from django.db import connections

            if apps.ready:
                connections.close_all()
        self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def stage(**options: Any) -> Iterator[Stage]:
    """A stage that is open, and closed again whatever happens; SIGTERM ends it in order as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    made = Stage(**options)
    try:
        made.open()
        yield made
    finally:
        made.close()


def await_true(condition: Callable[[], object], *, seconds: float, what: str, pause: float = 0.02) -> None:
    """Return when `condition` holds. Raises TimeoutError, saying what was waited for."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            direct = [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *children(child)]
    return found
