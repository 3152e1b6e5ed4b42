"""Prepared statements by libpq's own call, for the few that every execution pays for.

psycopg's cursors wait on the socket in Python, so that signals and other threads get their turn; for a statement that takes
less than that waiting costs, libpq waits itself (the GIL is released meanwhile). Measured: 70 to 90 µs less per statement.
"""

import itertools
import re
import select
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format, TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from actions import conf
from actions.arrays import as_array

_PARAM = re.compile(r"%\((\w+)\)s")
_CONSTANT = re.compile(r"%\(([A-Z]+)\)s")
_MOST_TEXTS = 64
"""Statements that one connection keeps, far more than there are; those with other constants than now go first."""
_SOUND = {TransactionStatus.IDLE, TransactionStatus.INTRANS}
_GOOD = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}


class _Text(NamedTuple):
    """A statement as libpq takes it: $1, $2 …, and the names behind the numbers."""

    sql: bytes
    names: list[str]
    formats: list[PyFormat]
    constants: list[str]


class _Context(NamedTuple):
    """What psycopg asks when it writes and reads values."""

    connection: psycopg.Connection[Any]
    adapters: AdaptersMap


class _Known:
    """What one connection has prepared, and how its values are read. It must not hold the connection itself."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.names: dict[tuple[Any, ...], bytes] = {}
        # As Django's connection reads them, but for moments: Django's loader for these is Python, called for each value.
        # psycopg's own gives the session's time zone, which Django has set to the same one.
        self.adapters = AdaptersMap(connection.adapters)
        self.adapters.register_loader("timestamptz", TimestamptzLoader)


_texts: dict[str, _Text] = {}
_numbers = itertools.count()
_known: "WeakKeyDictionary[psycopg.Connection[Any], _Known]" = WeakKeyDictionary()


def fetch(wrapper: Any, name: str, statement: str, params: dict[str, Any], *, prepare: bool) -> list[tuple[Any, ...]]:
    """The rows of a statement on Django's connection `wrapper`, with Django's exceptions.

    `prepare` keeps it parsed and planned on the server under this name: for hot ones, whose parsing costs more than their work.
    """
    wrapper.ensure_connection()
    connection = wrapper.connection
    with wrapper.wrap_database_errors:
        if prepare and conf.get().PREPARED_STATEMENTS and possible(connection):
            return execute(connection, name, statement, params)
        with psycopg.Cursor(connection) as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else []


def possible(connection: psycopg.Connection[Any]) -> bool:
    """Whether the connection is between statements, in a sound transaction or in none, and begins them with a plain BEGIN.

    Bytes to read, when nothing was asked, are a server's last words: psycopg's cursor tells them, libpq's call does not.
    """
    if connection.pgconn.transaction_status not in _SOUND or not _plain(connection):
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def execute(
    connection: psycopg.Connection[Any], name: str, statement: str, params: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """The rows of a statement, prepared once per connection and types of its params. Raises psycopg's errors.

    A param whose name is in capitals hardly ever changes: its value stands in the text, where the planner sees it, and the
    statement is prepared once for each.
    """
    text = _texts.get(name) or _texts.setdefault(name, _numbered(statement))
    known = _known.get(connection) or _known.setdefault(connection, _Known(connection))
    transformer = Transformer(_Context(connection, known.adapters))
    given = [params[param] for param in text.names]
    values: Any = transformer.dump_sequence(
        [as_array(value) if type(value) is list else value for value in given], text.formats
    )
    types = transformer.types or ()
    pgconn = connection.pgconn
    if pgconn.transaction_status == TransactionStatus.IDLE and not connection.autocommit:
        # As psycopg does before a transaction's first statement.
        _check(pgconn, pgconn.exec_(b"BEGIN"))
    key: tuple[Any, ...] = (name, *types)
    if text.constants:
        key = (name, *[_hashable(params[constant]) for constant in text.constants])
    prepared = known.names.get(key)
    if prepared is None:
        prepared = known.names[key] = _prepare(connection, known.names, text, params, types)
    # PQexecPrepared and not its asynchronous parts: it alone releases the GIL while it waits.
    result = pgconn.exec_prepared(prepared, values, transformer.formats, Format.TEXT)
    _check(pgconn, result)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _prepare(
    connection: psycopg.Connection[Any],
    known: dict[tuple[Any, ...], bytes],
    text: _Text,
    params: dict[str, Any],
    types: Sequence[int],
) -> bytes:
    """Have the server parse it; returns the name that it goes by."""
    pgconn = connection.pgconn
    name = f"do_{next(_numbers)}".encode()
    statement = text.sql
    if text.constants:
        statement = _CONSTANT.sub(
            lambda found: sql.Literal(params[found[1]]).as_string(connection), statement.decode()
        ).encode()
    _check(pgconn, pgconn.prepare(name, statement, types))
    if len(known) >= _MOST_TEXTS:
        _check(pgconn, pgconn.exec_(b"DEALLOCATE " + known.pop(next(iter(known)))))
    return name


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(connection: psycopg.Connection[Any]) -> bool:
    return connection.isolation_level is None and connection.read_only is None and connection.deferrable is None


def _check(pgconn: Any, result: Any) -> None:
    if result.status in _GOOD:
        return
    if pgconn.status == ConnStatus.BAD and not result.error_field(DiagnosticField.SQLSTATE):
        raise psycopg.OperationalError(pgconn.get_error_message() or "the connection is lost")
    raise error_from_result(result)


def _numbered(statement: str) -> _Text:
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1].isupper():
            return found[0]
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    numbered = _PARAM.sub(number, statement).encode()
    return _Text(numbered, names, [PyFormat.AUTO] * len(names), _CONSTANT.findall(statement))
