"""Django's PostgreSQL backend with its pool, and two things that the pool cannot be told by settings.

A connection that the server has ended is found by a look at its socket: a statement before each request would cost as much as
the request's own. And while PostgreSQL is away, requests are told so at once, not after the pool's timeout each.
"""

import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool, PoolTimeout

_PATIENCE_AFTER_FAILURE = 0.05
"""Seconds that a request waits for a connection while the last one waited in vain."""
_DOUBT = 1.0
"""For so many seconds after that."""


class Pool(ConnectionPool[psycopg.Connection[Any]]):
    """A pool whose clients do not all wait for a server that is away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(check=refuse_ended, **options)
        self._in_vain = float("-inf")

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """A connection. Raises PoolTimeout, soon where another one was raised a moment ago."""
        if timeout is None and time.monotonic() < self._in_vain + _DOUBT:
            timeout = _PATIENCE_AFTER_FAILURE
        try:
            return super().getconn(timeout)
        except PoolTimeout:
            self._in_vain = time.monotonic()
            raise


def refuse_ended(connection: psycopg.Connection[Any]) -> None:
    """Raise OperationalError for a connection with bytes to read: when nothing was asked, they are a server's last words."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        connection.close()
        raise psycopg.OperationalError("the server has ended this session")


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection, out of the process' pool."""

    @property
    def pool(self) -> Pool | None:
        """The process' pool; made at the first use."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if not options:
            return None
        pools: dict[str, Pool] = self._connection_pools  # type: ignore[attr-defined]  # unknown to the stubs
        if self.alias not in pools:
            params = {**self.get_connection_params(), "autocommit": True}
            configure = self._configure_connection  # type: ignore[attr-defined]
            pools.setdefault(self.alias, Pool(kwargs=params, open=False, configure=configure, **options))
        return pools[self.alias]
