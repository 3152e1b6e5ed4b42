"""A world of its own for faults: PostgreSQL, Redis and the platform's real processes, each killed by its own pid."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from actions import ids
from benchmarks import invariants
from doplatform.services import embedded
from tests.faults.proxy import Proxy

KNOBS = {
    "LEASE": 1.5,
    "HEARTBEAT": 0.3,
    "MAINTAIN_TICK": 0.1,
    "DRAIN": 2.0,
    "DEFAULT_TIMEOUT": 20.0,
    "SHUTDOWN_GRACE": 1.0,
}
WRITERS = (
    "test-write", "test-fail", "fault-die", "fault-steps", "flow-book", "flow-book.compensation", "flow-node",
)  # fmt: skip
_TABLES = (
    "actions_execution, actions_attempt, actions_auditentry, actions_executionsecret, actions_unsettled, "
    "actions_worker, actions_edge, actions_memory, actions_externalevent, actions_callback, actions_delivery, app_effect, "
    "actions_alert, actions_alertdelivery, actions_alertrule, actions_alertchannel"
)


def wait(condition: Callable[[], Any], seconds: float = 10.0, what: str = "") -> Any:
    """The condition's value as soon as it is true. Fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"not within {seconds} s: {what or condition}"
        time.sleep(0.01)


class Process:
    """One process that the test started."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log

    def alive(self) -> bool:
        """Whether it lives: neither gone nor a zombie."""
        return alive(self.pid)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def children(self) -> list[int]:
        """The pids of its children."""
        with suppress(FileNotFoundError):
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return []

    def kill(self) -> None:
        """kill -9 of it and of its children."""
        for pid in (self.pid, *self.children()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait(lambda: not self.alive(), what=f"the end of {self.pid}")

    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace")


class Client(Process):
    """A process that invokes; see tests.faults.client."""

    def __init__(self, pid: int, log: Path, orders: Any, answers: Any) -> None:
        super().__init__(pid, log)
        self._orders, self._answers = orders, answers
        self._answers.readline()

    def kill(self) -> None:
        """kill -9, and close its pipes."""
        super().kill()
        with suppress(BrokenPipeError):
            self._orders.close()
        self._answers.close()

    def ask(self, verb: str, **order: Any) -> dict[str, Any]:
        """One order and its answer; {} when the process died of it."""
        self._orders.write(json.dumps({"verb": verb, **order}) + "\n")
        self._orders.flush()
        line = self._answers.readline()
        return json.loads(line) if line else {}

    def invoke(self, action: str, *, key: str | None = None, **params: Any) -> str:
        """The public id of a new execution."""
        answer = self.ask("invoke", action=action, params=params, key=key)
        assert "id" in answer, answer
        return answer["id"]


class World:
    """Servers, a fork server for the platform's processes, and a look at the database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = embedded.Servers(folder / "data", temporary=True, postgres_settings={"max_connections": "250"})
        self.ledger = folder / "ledger"
        self._numbers = count(1)
        self._processes: list[Process] = []
        self._proxies: list[Proxy] = []
        self._zygote: subprocess.Popen[str] | None = None
        self._session: psycopg.Connection[Any] | None = None
        self._client: Client | None = None

    # Life

    def start(self) -> None:
        """Start the servers, migrate, start the fork server."""
        self.servers.start()
        environment = {**os.environ, **self.environment(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=environment)
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._zygote.stdout is not None
        assert self._zygote.stdout.readline() == "ready\n"
        self.sql("ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_truncate")

    def stop(self) -> None:
        """End everything."""
        self.clear()
        if self._client is not None:
            self._client.kill()
        if self._zygote is not None:
            assert self._zygote.stdin is not None
            assert self._zygote.stdout is not None
            self._zygote.stdin.close()
            self._zygote.wait(10)
            self._zygote.stdout.close()
        if self._session is not None:
            self._session.close()
        self.servers.stop()

    def clear(self) -> None:
        """End the processes and the proxies of a test."""
        for process in self._processes:
            process.kill()
        self._processes.clear()
        for proxy in self._proxies:
            proxy.close()
        self._proxies.clear()

    def fresh(self) -> None:
        """An empty world with both servers up."""
        self.clear()
        self.servers.start()
        self.redis("flushall")
        wait(self._emptied, what="empty tables")
        self.ledger.write_bytes(b"")
        if self._client is not None:
            self._client.ask("forget")

    def _emptied(self) -> bool:
        try:
            self.sql("SET lock_timeout = '500ms'")
            self.sql("TRUNCATE " + _TABLES)
        except psycopg.Error:
            return False
        return True

    # Processes

    def environment(
        self, *, database: Proxy | None = None, redis: Proxy | None = None, crash: str = "", **knobs: Any
    ) -> dict[str, str]:
        """What a process is started with; a proxy stands before the server it is given for."""
        address = self.servers.database_url
        if database is not None:
            address = f"postgresql://postgres@127.0.0.1:{database.port}/doplatform?sslmode=disable&gssencmode=disable"
        return {
            "DATABASE_URL": address,
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}" if redis is not None else self.servers.redis_url,
            "DO_TEST_KNOBS": json.dumps({**KNOBS, **knobs}),
            "DO_TEST_LEDGER": str(self.ledger),
            "DO_CRASH_AT": crash,
            "LOG_FORMAT": "json",
            "PYTHONPATH": str(Path.cwd()),
        }

    def spawn(self, *arguments: Any, pipes: tuple[str, str] | None = None, **options: Any) -> Process:
        """Start a management command."""
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        log = self.folder / f"{next(self._numbers)}-{arguments[0]}.log"
        order = {"arguments": arguments, "environment": self.environment(**options), "log": str(log), "pipes": pipes}
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        process = Process(int(self._zygote.stdout.readline()), log)
        self._processes.append(process)
        return process

    def work(self, processes: int = 1, **options: Any) -> Process:
        """A pool, once its workers are registered."""
        before = self.one("SELECT count(*) FROM actions_worker")
        pool = self.spawn("work", f"--processes={processes}", **options)
        wait(lambda: self.one("SELECT count(*) FROM actions_worker") >= before + processes, what="registered workers")
        return pool

    def maintain(self, **options: Any) -> Process:
        """A maintainer."""
        return self.spawn("maintain", **options)

    def client(self, **options: Any) -> Client:
        """A new client process."""
        pipes = (str(self.folder / f"{next(self._numbers)}.in"), str(self.folder / f"{next(self._numbers)}.out"))
        for pipe in pipes:
            os.mkfifo(pipe)
        process = self.spawn("client", pipes=pipes, **options)
        orders = Path(pipes[0]).open("w")
        client = Client(process.pid, process.log, orders, Path(pipes[1]).open())
        self._processes[-1] = client
        return client

    def invoke(self, action: str, **params: Any) -> str:
        """The public id of a new execution, by a client that lives as long as the world."""
        if self._client is None or not self._client.alive():
            self._client = self.client()
            self._processes.remove(self._client)
        return self._client.invoke(action, **params)

    def proxy_database(self) -> Proxy:
        """A proxy before PostgreSQL."""
        return self._proxied(self.servers.postgres.sockets / ".s.PGSQL.5432")

    def proxy_redis(self) -> Proxy:
        """A proxy before Redis."""
        return self._proxied(self.servers.redis.sockets / "redis.sock")

    def _proxied(self, target: Path) -> Proxy:
        proxy = Proxy(target)
        self._proxies.append(proxy)
        return proxy

    # Looks

    def sql(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, each in its own transaction."""
        try:
            return self._ask(query, params)
        except psycopg.OperationalError:
            if self._session is not None and not self._session.closed:
                raise
            return self._ask(query, params)  # the server was killed since the last look

    def _ask(self, query: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if self._session is None or self._session.closed:
            self._session = psycopg.connect(self.servers.database_url, autocommit=True)
        cursor = self._session.execute(query.encode(), params)
        return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *params: Any) -> Any:
        """The first value of the first row."""
        rows = self.sql(query, *params)
        return rows[0][0] if rows else None

    def redis(self, *command: Any) -> Any:
        """One Redis command."""
        import redis

        with redis.Redis.from_url(self.servers.redis_url) as connection:
            return connection.execute_command(*command)

    def status(self, public: str) -> str | None:
        """Where the execution stands."""
        return self.one("SELECT status FROM actions_execution WHERE id = %s", ids.parse_id(public))

    def ends(self, public: str, *, seconds: float = 10.0) -> str:
        """Its status once it has ended."""
        ended = ("succeeded", "failed", "cancelled", "in_doubt")
        wait(lambda: self.status(public) in ended, seconds, what=f"the end of {public}")
        return str(self.status(public))

    def outcomes(self, public: str) -> list[str | None]:
        """The outcomes of its attempts, in order."""
        rows = self.sql(
            "SELECT outcome FROM actions_attempt WHERE execution_id = %s ORDER BY number", ids.parse_id(public)
        )
        return [row[0] for row in rows]

    def error(self, public: str) -> Any:
        """Its error."""
        return self.one("SELECT error FROM actions_execution WHERE id = %s", ids.parse_id(public))

    def steps(self, public: str) -> dict[str, tuple[str, str]]:
        """The steps of a workflow by key: public id and status, in the order they were asked for."""
        rows = self.sql(
            "SELECT step, id, status FROM actions_execution WHERE parent_id = %s ORDER BY id", ids.parse_id(public)
        )
        return {key: (ids.public_id(row_id), status) for key, row_id, status in rows}

    def effects(self, public: str) -> int:
        """How many rows its handler left in the database."""
        return int(self.one("SELECT count(*) FROM app_effect WHERE execution_id = %s", public))

    def entries(self, public: str) -> int:
        """How often its handler was entered, seen from outside PostgreSQL."""
        return sum(line.split()[0] == public for line in self.ledger.read_text().splitlines())

    def entered(self, public: str, times: int = 1, seconds: float = 10.0) -> None:
        """Return when its handler was entered so many times."""
        wait(lambda: self.entries(public) >= times, seconds, what=f"entry {times} of {public}")

    def worker_of(self, public: str) -> int:
        """The pid of the worker process that runs it."""
        return int(
            self.one(
                "SELECT pid FROM actions_execution AS e JOIN actions_worker AS w ON w.id = e.worker_id WHERE e.id = %s",
                ids.parse_id(public),
            )
        )

    def lapse(self, pid: int) -> None:
        """The lease of a worker that was killed is over now; the others keep theirs."""
        wait(lambda: not alive(pid), what=f"the death of worker {pid}")
        self.sql("UPDATE actions_worker SET heartbeat_at = heartbeat_at - interval '1 h' WHERE pid = %s", pid)

    def sound(self) -> None:
        """All that must hold in a database at rest, holds."""
        session = psycopg.connect(self.servers.database_url, autocommit=True)
        try:
            assert invariants.broken(session, writers=WRITERS) == []
        finally:
            session.close()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def alive(pid: int) -> bool:
    """Whether a process lives: neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
