"""Keeps a handler's writes inside the transaction that settle will commit.

One Guard lives per transaction. It opens a savepoint at a member's first statement and not before, so that a handler
without statements costs none; it refuses transaction control; it refuses second connections. What slips past it (a
COMMIT hidden in a longer text) is caught by the deferred trigger on the unsettled mark.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg import sql
from psycopg.pq import TransactionStatus

from actions import conf
from actions.errors import SecondConnection, TransactionAborted, TransactionControl, WorkflowWrites

_CONTROL = re.compile(
    r"\s*(commit|end|abort|begin|start\s+transaction|prepare\s+transaction|rollback(?!\s+(work\s+|transaction\s+)?to)"
    r"|set\s+(session|local)?\s*transaction|set\s+session\s+characteristics)\b",
    re.IGNORECASE,
)
_MARK = sql.SQL("INSERT INTO actions_unsettled (worker_id) VALUES ({worker}); SAVEPOINT do_member")
_NEXT = "RELEASE SAVEPOINT do_member; SAVEPOINT do_member"
_UNDO = "ROLLBACK TO SAVEPOINT do_member"
_READ_ONLY = "SET LOCAL transaction_read_only = on"
"""Undone with the savepoint it is said in."""
_CLOSED = (
    "The handler closed the database connection that its record was to be committed on; its writes were rolled back. "
    "Leave the connection open, or declare atomic=False on the action."
)


class Guard:
    """An execute wrapper for one transaction of one worker; `members` counts the savepoints it opened, `until` is the
    monotonic time after which nothing more begins in it, `paused` the names that must not start, once somebody asked."""

    def __init__(self, worker: int, *, until: float = 0.0) -> None:
        self.worker = worker
        self.until = until
        self.paused: frozenset[tuple[str, bool]] | None = None
        self.marked = False
        self.members = 0
        self._inside = False
        self._handler_runs = False
        self._reads_only = False
        self._hooks = 0
        self._savepoints: list[str] = []

    def __call__(self, execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Any) -> Any:
        if self._handler_runs:
            if isinstance(statement, str) and _CONTROL.match(statement):
                raise TransactionControl
            self.enter()
            if isinstance(statement, str) and statement.startswith("SAVEPOINT"):
                self.members += 1
        return execute(statement, params, many, context)

    def enter(self) -> None:
        """Open the savepoint of the member that runs, if it has none yet."""
        if not self._handler_runs or self._inside:
            return
        self._inside = True
        self.members += 1
        raw = _raw()
        if self.marked:
            raw.execute(_NEXT)
        else:
            raw.execute(_MARK.format(worker=sql.Literal(self.worker)))
            self.marked = True
        if self._reads_only:
            raw.execute(_READ_ONLY)

    @contextmanager
    def member(self) -> Iterator[None]:
        """One handler. When it raises, its writes and its on_commit hooks are undone, and the transaction goes on."""
        self._inside = False
        self._handler_runs = True
        self._hooks = len(connection.run_on_commit)
        savepoints = list(connection.savepoint_ids)
        try:
            yield
            self._refuse_broken()
        except BaseException as error:
            self._handler_runs = False
            self._undo(savepoints)
            if _closed_by_handler():
                raise TransactionControl(_CLOSED) from error
            raise
        self._handler_runs = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A workflow function: PostgreSQL itself refuses what it would write, and what it leaves behind is undone."""
        self._inside = False
        self._handler_runs = self._reads_only = True
        self._hooks = len(connection.run_on_commit)
        # Not empty in a test that Django rolls back.
        self._savepoints = list(connection.savepoint_ids)
        try:
            yield
            if _closed_by_handler():
                raise TransactionControl(_CLOSED)
        except BaseException as error:
            if _closed_by_handler() and not isinstance(error, TransactionControl):
                raise TransactionControl(_CLOSED) from error
            raise
        finally:
            self._handler_runs = self._reads_only = False
            self._undo(self._savepoints)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Between two lines of a workflow function: a step, or the platform, has the transaction. Raises WorkflowWrites
        inside transaction.atomic(), which would span both."""
        before = self._handler_runs
        if before and connection.savepoint_ids != self._savepoints:
            raise WorkflowWrites("A step may not run inside transaction.atomic() of the workflow function.")
        self._handler_runs = self._reads_only = False
        if before:
            self._undo(self._savepoints)
        try:
            yield
        finally:
            self._inside = False
            self._handler_runs = self._reads_only = before
            self._hooks = len(connection.run_on_commit)

    def has_room(self) -> bool:
        """Whether one more handler may begin in this transaction."""
        return self.members < conf.get().GROUP_SIZE and time.monotonic() < self.until

    def soften(self, warn: Callable[[Exception], None]) -> None:
        """Make the member's on_commit hooks robust: what they raise after the commit becomes a warning, not a failure."""
        hooks: list[Any] = connection.run_on_commit
        for index in range(self._hooks, len(hooks)):
            savepoints, hook, robust = hooks[index]
            if not robust:
                hooks[index] = (savepoints, _softened(hook, warn), True)

    def _refuse_broken(self) -> None:
        """A handler that swallowed a database error, or closed the connection, leaves nothing that can commit."""
        if _closed_by_handler():
            raise TransactionControl(_CLOSED)
        if not self._inside:
            return
        if connection.needs_rollback or _raw().info.transaction_status == TransactionStatus.INERROR:
            raise TransactionAborted

    def _undo(self, savepoints: list[str]) -> None:
        del connection.run_on_commit[self._hooks :]
        if self._inside and alive():
            _raw().execute(_UNDO)
            connection.needs_rollback = False
            connection.savepoint_ids[:] = savepoints
        self._inside = False


def _softened(hook: Callable[[], object], warn: Callable[[Exception], None]) -> Callable[[], None]:
    def softened() -> None:
        try:
            hook()
        except Exception as error:  # noqa: BLE001  (the work is committed; whatever its hook raises is a warning)
            warn(error)

    return softened


def alive() -> bool:
    """Whether Django's connection still has a usable PostgreSQL session."""
    raw = connection.connection
    return raw is not None and not raw.closed and not connection.closed_in_transaction


def _closed_by_handler() -> bool:
    """Whether somebody here closed the session, as against a server that ended it."""
    raw = connection.connection
    return connection.closed_in_transaction or (raw is not None and raw.closed and not raw.broken)


_guarded: tuple[BaseDatabaseWrapper, bool] | None = None
# Not a context variable: the threads that a handler starts do not inherit its context.


@contextmanager
def one_connection_only(*, other_databases: bool) -> Iterator[None]:
    """While a transactional handler runs, a second connection anywhere in the process is refused.

    `other_databases` allows connections under other aliases than the default one.
    """
    global _guarded  # noqa: PLW0603
    before, _guarded = _guarded, (connections[DEFAULT_DB_ALIAS], other_databases)
    try:
        yield
    finally:
        _guarded = before


def _refuse_second(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    if _guarded is None or connection is _guarded[0]:
        return
    if _guarded[1] and connection.alias != DEFAULT_DB_ALIAS:
        return
    connection.close()
    raise SecondConnection


connection_created.connect(_refuse_second, dispatch_uid="doplatform.guard")


def _raw() -> psycopg.Connection[Any]:
    raw: psycopg.Connection[Any] = connection.connection
    return raw
