"""maintain: the chores, done by one process at a time. Others stand by and take over when its session ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, connection

from actions import conf
from actions.engine import dispatch, ledger, planner
from actions.engine.advance import recheck
from actions.engine.alerts import watch
from actions.engine.callbacks.hand_over import hand_over
from actions.engine.group import forget, group
from actions.engine.ledger import MAINTAIN_LOCK
from actions.engine.lift import EVERY as LIFT_EVERY
from actions.engine.lift import lift
from actions.engine.rescue import rescue
from actions.engine.schedules.watch import Watch
from actions.engine.seal import seal
from actions.engine.tally import EVERY as TALLY_EVERY
from actions.engine.tally import tally
from actions.engine.workers import bury

_FORGET_EVERY = 3_600.0
_GROUP_EVERY = 10.0
_HAND_OVER_EVERY = 2.0
_PRUNE_EVERY = 60.0
_RECHECK_EVERY = 60.0
_PRUNE_SIZE = 5_000

log = structlog.get_logger(__name__)


def redispatch() -> list[str]:
    """Let workflows whose time has come go on, and wake every queue that has due executions: a wake-up may have been lost."""
    queues = ledger.due_queues()
    if queues:
        dispatch.wake(*queues)
    return queues


def prune(*, days: int | None = None) -> int:
    """Delete executions that ended longer ago than the retention, in batches; returns how many went.

    Bulk operations that ended as long ago go too, and selections on which nobody has acted for a day.
    """
    kept = conf.get().RETENTION_DAYS if days is None else days
    total = _prune(kept)
    _forget_bulk(kept)
    return total


def _prune(days: int) -> int:
    total = 0
    while True:
        gone = ledger.prune(days=days, size=_PRUNE_SIZE, newest=_oldest_kept(days))
        total += gone
        if gone < _PRUNE_SIZE:
            return total


def _forget_bulk(days: int) -> None:
    # Again after the last items: an operation goes when it has none left.
    while ledger.forget_bulk(days=days, size=_PRUNE_SIZE):
        pass


def _oldest_kept(days: int) -> UUID:
    """The smallest id that a row of that age can have: ids are time-ordered, so the primary key bounds the search."""
    moment = datetime.now(UTC) - timedelta(days=days) + timedelta(minutes=5)
    return UUID(int=int(moment.timestamp() * 1000) << 80)


@dataclass(slots=True)
class Chore:
    """Something that maintain does every so often (seconds)."""

    name: str
    act: Callable[[], object]
    every: float
    due: float = field(default=0.0)


def _do(chore: Chore) -> None:
    """Do it; what it meets other than PostgreSQL's faults is told, and keeps the others from nothing."""
    try:
        chore.act()
    except (DatabaseError, InterfaceError, psycopg.Error):
        raise
    except Exception as error:  # a fault of one chore must not end rescue, sealing and the rest
        log.error("chore_failed", chore=chore.name, error=f"{type(error).__name__}: {error}"[:500], exc_info=error)


class Maintain:
    """The loop's body. `step` is called every tick."""

    def __init__(self) -> None:
        self.leads = False
        self.chores = [
            Chore("redispatch", redispatch, 0.0),
            Chore("rescue", rescue, 0.0),
            Chore("schedules", Watch().look, 0.0),
            Chore("bury", bury, conf.get().HEARTBEAT),
            Chore("hand_over", hand_over, _HAND_OVER_EVERY),
            Chore("lift", lift, LIFT_EVERY),
            Chore("seal", seal, conf.get().SEAL_EVERY),
            Chore("tally", tally, TALLY_EVERY),
            Chore("recheck", recheck, _RECHECK_EVERY),
            Chore("group", group, _GROUP_EVERY),
            Chore("alerts", watch.watch, watch.EVERY),
            Chore("tidy", planner.tidy, planner.EVERY),
            Chore("prune", lambda: _prune(conf.get().RETENTION_DAYS), _PRUNE_EVERY),
            Chore("forget", forget, _FORGET_EVERY),
            Chore("forget_alerts", watch.forget, _FORGET_EVERY),
            Chore("forget_bulk", lambda: _forget_bulk(conf.get().RETENTION_DAYS), _FORGET_EVERY),
        ]

    def step(self) -> bool:
        """Do what is due, if this process leads or can take the lead; False when it stands by or PostgreSQL is away."""
        try:
            if not self._lead():
                return False
            for chore in self.chores:
                now = time.monotonic()
                if now >= chore.due:
                    chore.due = now + chore.every
                    _do(chore)
        except (DatabaseError, InterfaceError, psycopg.Error) as error:
            self.leads = False
            log.warning("maintain_interrupted", error=str(error).strip()[:500])
            connection.close()
            return False
        return True

    def _lead(self) -> bool:
        """Whether this session holds the lock: once had, it is held until the session ends."""
        if self.leads and connection.connection is not None and not connection.connection.closed:
            return True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [MAINTAIN_LOCK])
            self.leads = cursor.fetchone()[0]
        if self.leads:
            log.info("maintain_leads")
        return self.leads
