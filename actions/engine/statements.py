"""The engine's named SQL and the connection it speaks through.

Hot statements go to psycopg directly: server-side parameters and prepared statements, where Django would bind on the
client and plan anew each time. They share Django's connection, and so its transactions.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from actions import prepared
from actions.engine.guard import Guard

_FOLDER = Path(__file__).parent / "sql"


@cache
def load(name: str) -> str:
    """The text of sql/<name>.sql without its comments: psycopg remembers what it parsed up to 4,096 characters."""
    lines = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if not line.lstrip().startswith("--"))


def raw() -> psycopg.Connection[Any]:
    """psycopg's connection behind Django's default one, opened when it is not."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.ensure_connection()
    connection: psycopg.Connection[Any] = wrapper.connection
    return connection


def fetch(name: str, params: dict[str, Any], *, prepare: bool = False) -> list[tuple[Any, ...]]:
    """Execute the named statement and return its rows, with Django's exceptions.

    `prepare` keeps it parsed and planned on the server: for the hot ones, whose parsing costs more than their work.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    for guard in wrapper.execute_wrappers:
        # A handler that speaks to the engine writes inside its own savepoint too.
        if isinstance(guard, Guard):
            guard.enter()
    return prepared.fetch(wrapper, name, load(name), params, prepare=prepare)


def stream(name: str, params: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of the named statement as PostgreSQL produces them, in binary; nothing else may use the connection
    until the last one has come."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    with wrapper.wrap_database_errors, psycopg.Cursor(raw()) as cursor:
        yield from cursor.stream(load(name), params, binary=True)
