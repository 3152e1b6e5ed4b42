"""manage.py up: everything in one. What must be there before the settings are read, manage.py has made already."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from actions.errors import DoplatformError
from doplatform import paths
from doplatform.services import ground
from doplatform.services.child import Kept, Program, manage
from doplatform.services.errors import AlreadyUp
from doplatform.services.postgres import Postgres
from doplatform.services.readiness import Readiness
from doplatform.services.redis import Redis
from doplatform.services.server import Server
from doplatform.services.supervisor import Stop, Supervisor, say_to

_ALREADY_UP = 3
_SEED_TRIES = 5
_STOP_SECONDS = 2.2
"""For those that are asked together; the servers come after them, and all of it is promised within 5 s."""


class Command(BaseCommand):
    """Servers, database, administrator, processes; then stay until Ctrl-C."""

    help = (
        "Start everything: PostgreSQL and Redis (unless given by URL), web, workers, maintain, demo. Ctrl-C stops it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's options."""
        parser.add_argument(
            "--port", type=_number(65_535), default=8000, help="The web's port, or the next free one (8000)."
        )
        parser.add_argument("--data", help="The folder that keeps everything (default: DO_DATA, or .data).")
        parser.add_argument("--workers", type=_number(64), default=2, help="How many worker processes (2).")
        parser.add_argument("--no-demo", action="store_true", help="Without the demo's actions and servers.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve. Exit code 3: an instance is up already on this data folder; 1: it could not start."""
        data, say = paths.data_folder(), say_to(_write)
        try:
            with Supervisor(say) as supervisor:
                up = Up(supervisor, data, port=options["port"], workers=options["workers"])
                up.start()
                supervisor.serve()
                say("up", "stopping")
                up.close()
        except Stop:
            pass
        except AlreadyUp as error:
            raise CommandError(error.message, returncode=_ALREADY_UP) from None
        except DoplatformError as error:
            raise CommandError(error.message) from None
        except DatabaseError as error:
            raise CommandError(f"The database could not be set up, and nothing runs: {error}".strip()) from None
        say("up", f"stopped; everything is kept in {data}")


class Up:
    """One start, step by step. Children are stopped in the opposite order."""

    def __init__(self, supervisor: Supervisor, data: Path, *, port: int, workers: int) -> None:
        self.supervisor = supervisor
        self.say = supervisor.say
        self.data = data
        self.port = port
        self.workers = workers
        self.demo = apps.is_installed("doplatform.demo")

    def start(self) -> None:
        """Start everything; the `ready` text comes when the web answers. Raises DoplatformError, DatabaseError."""
        self._lock = ground.take(self.data)
        self._listener = ground.listen(self.port)
        self._say_port()
        if not ground.given_by_environment("DATABASE_URL"):
            self._serve(Postgres(self.data), stop_seconds=1.2)
        if not ground.given_by_environment("REDIS_URL"):
            self._serve(Redis(self.data), stop_seconds=0.4)
        self._set_up_database()
        self._start_programs()
        Readiness(self.supervisor, self._listener.getsockname(), self._ready).ask()

    def close(self) -> None:
        """Take no more requests; those that wait are told so by the closed connection."""
        self._listener.close()

    def _say_port(self) -> None:
        self._url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        if self._listener.getsockname()[1] != self.port:
            self.say("up", f"port {self.port} is busy; taking {self._listener.getsockname()[1]}")

    def _serve(self, server: Server, *, stop_seconds: float) -> None:
        with self.supervisor.undisturbed():
            server.launch()
            self.supervisor.adopt(Kept(server, stop_seconds=stop_seconds))
        server.await_ready()
        self.say(server.name, f"is up (process {server.pid}; its log is {server.log})")

    def _set_up_database(self) -> None:
        settings.STATIC_ROOT.mkdir(exist_ok=True)  # empty here, where files are served from their sources
        call_command("migrate", verbosity=0, interactive=False)
        self.say("up", "the database is migrated")
        self._account = ground.administrator(self.data)
        connections.close_all()

    def _start_programs(self) -> None:
        keep = self.supervisor.keep
        if self.demo:
            keep(Program("demo", manage("demo_servers"), stop_seconds=0.8))
        keep(Program("work", manage("work", "--processes", str(self.workers)), stop_seconds=_STOP_SECONDS))
        keep(Program("maintain", manage("maintain"), stop_seconds=_STOP_SECONDS), together=True)
        socket = self._listener.fileno()
        # The supervisor holds the socket: while the web is started again, requests wait instead of being refused.
        web = [sys.executable, "-m", "gunicorn", "--config", "python:doplatform.serving", "doplatform.wsgi"]
        web += ["--bind", f"fd://{socket}", "--workers", "1", "--graceful-timeout", "1", "--log-level", "warning"]
        keep(Program("web", web, stop_seconds=_STOP_SECONDS, inherit=[socket]), together=True)

    def _ready(self) -> None:
        account = self._account
        lines = ["doplatform is ready", "", f"  Open      {self._url}"]
        lines += [f"  User      {account.name}"] if account.name else []
        lines += [f"  Password  {account.password}  ({account.remark})"] if account.password else []
        lines += [f"  Log in    {account.remark}"] if account.password is None else []
        lines += [f"  Data      {self.data}", "  Stop      Ctrl-C", ""]
        for line in lines:
            self.say("ready", line)
        self._seed()

    def _seed(self) -> None:
        """Once in the life of a data folder, the demo's executions happen."""
        marker = self.data / "demo_seeded"
        if self.demo and not marker.exists():
            self.supervisor.once(Program("seed", manage("demo_seed")), tries=_SEED_TRIES, done=marker.touch)


def _number(most: int) -> Callable[[str], int]:
    """A whole number from 1 to `most`, for argparse."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
            raise ArgumentTypeError(f"{text[:20]!r} is no whole number from 1 to {most}")
        return int(text)

    return number


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
