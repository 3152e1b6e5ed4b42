"""What the engine's tests stand on: a clean database, actions declared for one test, workers with a lock of their own.

A worker here is the engine's own claimer, performer and settler in this process. Its advisory lock lives on a session of
its own, so that a test can let it vanish (`crash`) or freeze (`freeze`) while the handlers' connection lives on.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, connections

from actions import Action, Actor, Handle, RetryPolicy, Workflow, action, ids, workflow
from actions.definitions.registry import registry
from actions.engine import dispatch, guard, workers
from actions.engine.claim import Claimer, Pace
from actions.engine.deadline import Deadline
from actions.engine.ledger import WORKER_LOCK, Claim
from actions.engine.perform import Performer
from actions.engine.settle import Settler
from actions.engine.sync import sync
from actions.engine.workers import Registration

PATIENCE = 20.0
"""Seconds that a test waits for what should come within milliseconds."""
AT_ONCE = RetryPolicy(max_attempts=3, delay=0, factor=1, jitter=0)
ALICE = Actor("system", "alice", "Alice")
BOB = Actor("system", "bob", "Bob")
# DELETE is quicker than TRUNCATE where there are few rows: 3 ms in place of 18.
_CLEAN = """
ALTER TABLE actions_auditentry DISABLE TRIGGER actions_audit_rows; ALTER TABLE actions_seal DISABLE TRIGGER actions_seal_rows;
DELETE FROM actions_auditentry; DELETE FROM actions_seal;
ALTER TABLE actions_auditentry ENABLE ALWAYS TRIGGER actions_audit_rows;
ALTER TABLE actions_seal ENABLE ALWAYS TRIGGER actions_seal_rows;
DELETE FROM actions_execution; DELETE FROM actions_attempt; DELETE FROM actions_executionsecret;
DELETE FROM actions_schedule; DELETE FROM actions_unsettled; DELETE FROM actions_worker; DELETE FROM actions_action; DELETE FROM actions_queue; DELETE FROM actions_tag;
DELETE FROM actions_edge; DELETE FROM actions_memory; DELETE FROM actions_externalevent;
DELETE FROM actions_errorgroup; DELETE FROM actions_errortally; DELETE FROM actions_bulkitem;
DELETE FROM actions_bulkoperation; DELETE FROM actions_bulkselection;
DELETE FROM actions_preferredview; DELETE FROM actions_savedview; DELETE FROM app_effect;
DELETE FROM actions_errormark; INSERT INTO actions_errormark (xid, entry) VALUES (0, 0);
DELETE FROM auth_user_user_permissions; DELETE FROM auth_user_groups; DELETE FROM auth_user;
DELETE FROM actions_apikey; DELETE FROM actions_serviceaccount; DELETE FROM actions_callback;
DELETE FROM actions_delivery; DELETE FROM actions_verbkey;
DELETE FROM actions_tally; DELETE FROM actions_tallymark;
DELETE FROM actions_alertdelivery; DELETE FROM actions_alert;
DELETE FROM actions_alertrule; DELETE FROM actions_alertchannel; DELETE FROM actions_alertmark;
INSERT INTO actions_tallymark (number, xid, entry) VALUES (1, -9223372036854775808, 0);
"""
_LOCKED = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted"


def clean() -> None:
    """Empty tables, for a test that begins, or one more example of it."""
    rows(_CLEAN)
    dispatch.reset()


def session() -> psycopg.Connection[Any]:
    """A session with the test database that is not Django's."""
    place = connection.settings_dict
    wanted = {"dbname": place["NAME"], "user": place["USER"], "host": place["HOST"], "port": place["PORT"]}
    given = {name: value for name, value in wanted.items() if value}
    return psycopg.connect(**given, password=place["PASSWORD"] or None, autocommit=True)


def rows(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    """What a statement finds on Django's connection of this thread."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def value(statement: str, *params: Any) -> Any:
    """The one value that a statement finds."""
    return rows(statement, *params)[0][0]


def key_of(execution: Handle | str) -> UUID:
    """The primary key behind a handle or a public id."""
    found = ids.parse_id(execution if isinstance(execution, str) else execution.id)
    assert found is not None
    return found


def column(execution: Handle | str, name: str) -> Any:
    """One column of an execution's row, JSON decoded."""
    return columns(execution)[name]


def columns(execution: Handle | str) -> dict[str, Any]:
    """An execution's row by column name, JSON decoded."""
    found = value("SELECT to_jsonb(execution) FROM actions_execution AS execution WHERE id = %s", key_of(execution))
    return dict(json.loads(found) if isinstance(found, str) else found)


def outcomes(execution: Handle | str) -> list[str | None]:
    """How its attempts ended, in order."""
    found = rows("SELECT outcome FROM actions_attempt WHERE execution_id = %s ORDER BY number", key_of(execution))
    return [row[0] for row in found]


def verbs(execution: Handle | str) -> list[str]:
    """What the audit says of it, in order, without the common prefix."""
    found = rows("SELECT verb FROM actions_auditentry WHERE execution_id = %s ORDER BY id", key_of(execution))
    return [row[0].removeprefix("execution.") for row in found]


def lines(execution: Handle | str, attempt: int = 1) -> list[dict[str, Any]]:
    """The log lines kept with one attempt."""
    found = value(
        "SELECT lines FROM actions_attempt WHERE execution_id = %s AND number = %s", key_of(execution), attempt
    )
    return list(json.loads(found) if isinstance(found, str) else found or [])


def effects(execution: Handle | str) -> int:
    """Rows that its handler left in the effect ledger."""
    public = execution if isinstance(execution, str) else execution.id
    return int(value("SELECT count(*) FROM app_effect WHERE execution_id = %s", public))


class Untimed(Deadline):
    """No timers: for workers in threads, which cannot receive signals."""

    def __init__(self) -> None:
        pass

    @contextmanager
    def running(self, *, soft: float, hard: float) -> Iterator[None]:
        """Let the handler take its time."""
        yield


class StageWorker:
    """A worker in this process whose lock is on a session of its own."""

    def __init__(self, *, timed: bool = False) -> None:
        self.session = session()
        self.stopping = False
        self.worker = workers.register(self.session, Registration("stage", "localhost", os.getpid(), ["default"]))
        self.pace = Pace()
        self.claimer = Claimer(self.pace)
        deadline = Deadline(kill=False) if timed else Untimed()
        self.settler = Settler(performer=Performer(desk=self, pace=self.pace, deadline=deadline), lease=self)

    def begin(self, execution_id: UUID | None) -> None:
        """Nobody watches."""

    def report(self, execution_id: UUID, attempt: int, progress: dict[str, Any] | None) -> bool:
        """Whether the attempt was asked to stop, by the session of the heartbeat."""
        text = None if progress is None else json.dumps(progress)
        return workers.report(self.session, id=execution_id, attempt=attempt, progress=text)

    def claim(self, queue: str = "default") -> list[Claim]:
        """Take due executions without performing them."""
        return self.claimer.claim(queue, worker=self.worker)

    def settle(self, claims: list[Claim]) -> None:
        """Perform and settle what was claimed."""
        self.settler.work(claims)

    def work(self, queue: str = "default", *, waiting: bool = True, most: int = 200) -> int:
        """Perform what is due until nothing is; `waiting` lets nothing wait for its time. Returns the attempts made."""
        done = 0
        while done < most:
            if waiting:
                rows(
                    "UPDATE actions_execution SET available_at = now() WHERE available_at > now() "
                    "AND queue = %s AND status IN ('queued', 'retrying')", queue,
                )  # fmt: skip
            claims = self.claim(queue)
            if not claims:
                return done
            self.settle(claims)
            done += len(claims)
        raise AssertionError("the queue is never empty")

    def crash(self) -> None:
        """Vanish as by kill -9: the lock is free once PostgreSQL has noticed, the row says nothing."""
        self.session.close()
        until = time.monotonic() + PATIENCE
        while value(_LOCKED, WORKER_LOCK, self.worker):
            assert time.monotonic() < until
            time.sleep(0.002)

    def freeze(self) -> None:
        """Stand still for longer than any lease, the lock still held."""
        rows("UPDATE actions_worker SET heartbeat_at = now() - interval '1 day' WHERE id = %s", self.worker)


class Elsewhere:
    """A function in a thread with a database connection of its own, opened before `start` returns."""

    def __init__(self, function: Callable[[], Any], go: threading.Event | None = None) -> None:
        self._function = function
        self._go = go
        self._ready = threading.Event()
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._enter, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def _enter(self) -> None:
        try:
            connection.ensure_connection()
            self._ready.set()
            if self._go is not None:
                assert self._go.wait(PATIENCE)
            self._outcome = self._function()
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()
            connections.close_all()

    def outcome(self) -> Any:
        """What the function returned; raises what it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "still at work"
        if self._error is not None:
            raise self._error
        return self._outcome

    def ended(self) -> bool:
        """Whether the function is through."""
        return not self._thread.is_alive()


def elsewhere(function: Callable[[], Any]) -> Any:
    """The outcome of a function that acts on another connection, meanwhile."""
    return Elsewhere(function).outcome()


def all_at_once(functions: list[Callable[[], Any]]) -> list[Any]:
    """Start all functions together, each on a connection of its own; their outcomes, errors as values."""
    go = threading.Event()
    threads = [Elsewhere(function, go) for function in functions]
    go.set()
    return [_outcome_or_error(thread) for thread in threads]


def _outcome_or_error(thread: Elsewhere) -> Any:
    try:
        return thread.outcome()
    except Exception as error:
        return error


def waits_for_lock(pid: int, observer: psycopg.Connection[Any]) -> bool:
    """Whether a backend waits for somebody's lock now."""
    row = observer.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone()
    return bool(row and row[0])


@pytest.fixture
def engine(django_db_setup: None, django_db_blocker: Any, settings: Any) -> Iterator[None]:
    """An empty database without a surrounding transaction: what commits is committed.

    Groups stay open for long, so that a busy machine does not cut them.
    """
    settings.DOPLATFORM = {**django_settings.DOPLATFORM, "GROUP_TIME": 5.0}
    with django_db_blocker.unblock():
        # Workers in threads of one process, which only tests have, may leave each other's guard behind.
        guard._guarded = None
        clean()
        yield
        assert not connection.in_atomic_block
        connections.close_all()


@pytest.fixture
def declare(engine: None) -> Iterator[Callable[..., Any]]:
    """@declare("name", effects=…): an action that is forgotten after the test."""
    names: list[str] = []

    def declared(name: str, **policies: Any) -> Callable[[Callable[..., Any]], Action[Any, Any]]:
        def decorate(handler: Callable[..., Any]) -> Action[Any, Any]:
            names.append(name)
            made = action(name, **{"effects": "database", "retry": AT_ONCE, **policies})(handler)
            sync()
            return made

        return decorate

    yield declared
    forget(names)


@pytest.fixture
def compose(engine: None) -> Iterator[Callable[..., Any]]:
    """@compose("name", on_failure=…): a workflow that is forgotten after the test. One declared again replaces the first,
    as a deploy does."""
    names: list[str] = []

    def composed(name: str, **policies: Any) -> Callable[[Callable[..., Any]], Workflow[Any, Any]]:
        def decorate(function: Callable[..., Any]) -> Workflow[Any, Any]:
            registry.remove(name)
            names.append(name)
            made = workflow(name, **policies)(function)
            sync()
            return made

        return decorate

    yield composed
    forget(names)


def forget(names: list[str]) -> None:
    """Remove actions and their companions."""
    for name in names:
        for one in (name, f"{name}.resolver", f"{name}.on-failure", f"{name}.compensation"):
            registry.remove(one)


def step_of(workflow_run: Handle | str, key: str) -> str:
    """The public id of a workflow's step."""
    return ids.public_id(
        value("SELECT id FROM actions_execution WHERE parent_id = %s AND step = %s", key_of(workflow_run), key)
    )


def tree(workflow_run: Handle | str) -> dict[str, str]:
    """Status by key of a workflow's steps, in the order they were asked for."""
    found = rows("SELECT step, status FROM actions_execution WHERE parent_id = %s ORDER BY id", key_of(workflow_run))
    return dict(found)


@pytest.fixture
def crew(engine: None) -> Iterator[Callable[..., StageWorker]]:
    """crew(): a new worker, which knows the actions declared so far."""
    made: list[StageWorker] = []

    def hire(**options: Any) -> StageWorker:
        sync()
        made.append(StageWorker(**options))
        return made[-1]

    yield hire
    for worker in made:
        worker.session.close()


@pytest.fixture
def worker(crew: Callable[..., StageWorker]) -> StageWorker:
    """One worker, which knows the actions of tests.app."""
    return crew()


@pytest.fixture
def observer(engine: None) -> Iterator[psycopg.Connection[Any]]:
    """A session that looks on from outside."""
    with session() as looker:
        yield looker


@pytest.fixture
def short_lease(engine: None, settings: Any) -> float:
    """A lease of a moment, older than which the server is already."""
    settings.DOPLATFORM = {**django_settings.DOPLATFORM, "LEASE": 0.05}
    return 0.05
