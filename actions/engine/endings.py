"""endings: who waits for an execution is told when it has ended, without a statement of its own and without a connection.

Whoever writes an ending tells Redis once, after the commit. In each process that has waiters, one thread listens. Redis is
only the quick way: that thread also looks at all waited-for ids, by one statement, every now and then, and ten times a second
while Redis is away.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from actions import ids
from actions.engine import dispatch
from actions.engine.statements import fetch

_DEAF = 0.1
"""Seconds between two looks while Redis is away."""
_SURE = 1.0
"""Seconds between two looks while Redis tells: what it lost is found then."""
_PATIENCE = 0.25
"""Seconds that the thread listens before it asks itself whether anybody still waits."""
_AGAIN = 1.0
"""Seconds between two tries to hear Redis."""
_STEADY = 10.0
"""Seconds that a subscription has to stand: one that is cut before is tried again after a rest, longer each time."""
_LONGEST_REST = 5.0
"""Seconds."""
_LINGER = 10.0
"""Seconds that a process goes on listening after its last waiter has left."""

log = structlog.get_logger(__name__)


class _Telling:
    """An on_commit hook that tells of all endings of one transaction at once."""

    def __init__(self, ended: Iterable[UUID]) -> None:
        self.ended = list(ended)

    def __call__(self) -> None:
        dispatch.publish(" ".join(one.hex for one in self.ended))


def tell(ended: Iterable[UUID]) -> None:
    """These have ended, once this transaction has committed."""
    ended = list(ended)
    if not ended:
        return
    within = set(connection.savepoint_ids)
    for savepoints, hook, *_ in reversed(connection.run_on_commit):
        if isinstance(hook, _Telling) and savepoints == within:
            hook.ended += ended
            return
    transaction.on_commit(_Telling(ended), robust=True)


def wait(execution_id: str, timeout: float) -> bool:
    """Whether the execution has ended, at the latest after `timeout` seconds. False for one that there is not.

    The thread's database connection is given back before it waits. Not to be called in a transaction.
    """
    row_id = ids.parse_id(execution_id)
    if row_id is None:
        return False
    with _hub.expecting(row_id) as ended:
        # After it is expected: an ending that commits from here on is heard.
        if fetch("ended", {"ids": [row_id]}, prepare=True):
            return True
        connection.close()
        return ended.wait(timeout)


def reset() -> None:
    """Forget the waiters (tests)."""
    global _hub  # noqa: PLW0603
    _hub.close()
    _hub = _Hub()


class _Hub:
    """The waiters of this process, and the thread that listens for them while there are any."""

    def __init__(self) -> None:
        self._waiters: dict[UUID, list[threading.Event]] = {}
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._cuts = 0
        """Subscriptions in a row that were cut before they stood for long."""

    @contextmanager
    def expecting(self, row_id: UUID) -> Iterator[threading.Event]:
        """An event that is set when the execution has ended."""
        ended = threading.Event()
        with self._change:
            self._waiters.setdefault(row_id, []).append(ended)
            if self._thread is None or not self._thread.is_alive():
                # Dead: of a process that this one was forked from.
                self._thread = threading.Thread(target=self._serve, name="endings", daemon=True)
                self._thread.start()
            self._change.notify_all()
        try:
            yield ended
        finally:
            with self._change:
                left = self._waiters[row_id]
                left.remove(ended)
                if not left:
                    del self._waiters[row_id]

    def close(self) -> None:
        """Let the thread end, and wait for that."""
        with self._change:
            self._closed = True
            self._change.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(10 * _PATIENCE)

    def _serve(self) -> None:
        while True:
            with self._change:
                if not self._change.wait_for(lambda: self._waiters or self._closed, timeout=_LINGER):
                    # Nobody waits any more. A later waiter, which holds the lock to come, finds no thread and starts one.
                    self._thread = None
                    return
                if self._closed:
                    return
            for attempt in (self._listen, partial(self._look_for, _AGAIN)):
                try:
                    attempt()
                    break
                except Exception as error:  # noqa: BLE001  (whatever it is, those who wait must be told)
                    log.warning("endings_unheard", error=f"{type(error).__name__}: {error}"[:500])
            else:
                time.sleep(_DEAF)

    def _listen(self) -> None:
        """Tell waiters what Redis says, until nobody has waited for a while or Redis has gone."""
        ears = dispatch.listen()
        if ears is None:
            self._look_for(_AGAIN)
            return
        since = time.monotonic()
        try:
            cut = self._hear(ears)
        finally:
            ears.close()
        if cut:
            self._rest(time.monotonic() - since)

    def _hear(self, ears: dispatch.Ears) -> bool:
        """Whether it was Redis that ended the subscription."""
        # Whatever ended before the subscription stood was not heard.
        self._look()
        looked = idle_since = time.monotonic()
        while not self._closed and time.monotonic() < idle_since + _LINGER:
            heard = ears.hear(_PATIENCE)
            if heard is None:
                return True
            self._tell(UUID(hex=one) for one in heard.split())
            now = time.monotonic()
            if self._waiters:
                idle_since = now
            if now > looked + _SURE:
                looked = now
                self._look()
        return False

    def _rest(self, stood: float) -> None:
        """After a subscription that stood for so many seconds. A Redis that cuts every one at once is not asked all the time;
        meanwhile waiters are told by statements."""
        self._cuts = self._cuts + 1 if stood < _STEADY else 0
        if self._cuts:
            self._look_for(min(_DEAF * 2 ** min(self._cuts, 10), _LONGEST_REST))

    def _look_for(self, seconds: float) -> None:
        """Look by statements alone, for so long."""
        until = time.monotonic() + seconds
        while self._waiters and not self._closed and time.monotonic() < until:
            self._look()
            time.sleep(_DEAF)

    def _look(self) -> None:
        """Tell the waiters of all that have ended, by one statement."""
        with self._change:
            expected = list(self._waiters)
        if not expected:
            return
        try:
            self._tell([row[0] for row in fetch("ended", {"ids": expected}, prepare=True)])
        except (DatabaseError, InterfaceError) as error:
            log.warning("database_away", error=str(error).strip()[:200], pause=_DEAF)
        finally:
            connection.close()

    def _tell(self, ended: Iterable[UUID]) -> None:
        with self._change:
            for row_id in ended:
                for waiter in self._waiters.get(row_id, ()):
                    waiter.set()


_hub = _Hub()
