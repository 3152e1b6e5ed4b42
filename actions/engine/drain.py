"""drain: what a wake-up starts. Claims and settles until the queue has nothing due, or until others must have their turn."""

import time

import structlog
from django.db import DatabaseError, InterfaceError, connection

from actions import conf
from actions.crashpoints import crash_point
from actions.engine import planner
from actions.engine.claim import Claimer, Pace
from actions.engine.deadline import Deadline
from actions.engine.heartbeat import Heartbeat
from actions.engine.ledger import Claim
from actions.engine.perform import Performer
from actions.engine.settle import Settler
from actions.prepared import possible

_REPLAN_EVERY = 1.0
"""Seconds of work after which the tables may have outgrown the plans that they were worked with."""

log = structlog.get_logger(__name__)


class Drain:
    """One worker process' way of emptying queues."""

    def __init__(self, *, heartbeat: Heartbeat, deadline: Deadline) -> None:
        pace = Pace()
        self._heartbeat = heartbeat
        self._deadline = deadline
        self._claimer = Claimer(pace)
        self._settler = Settler(performer=Performer(desk=heartbeat, pace=pace, deadline=deadline), lease=heartbeat)

    def run(self, queue: str) -> bool:
        """Work on `queue` for at most the drain time; True when due executions may be left.

        PostgreSQL away: returns False, the rows stay as they are, and maintain wakes the queue when it is back.
        """
        crash_point("drain.popped")
        _leave_dead_session()
        until = time.monotonic() + conf.get().DRAIN
        replan_at = time.monotonic() + _REPLAN_EVERY
        try:
            while not self._heartbeat.stopping:
                if not self._heartbeat.ensure():
                    return False
                if self._heartbeat.quiet:
                    return True  # so that the wake-up goes to somebody who takes
                claims = self._claim(queue)
                if not claims:
                    return False
                self._settler.work(claims)
                now = time.monotonic()
                if now > until:
                    return True
                if now > replan_at:
                    replan_at = now + _REPLAN_EVERY
                    planner.replan()
        except (DatabaseError, InterfaceError) as error:
            log.warning("drain_interrupted", queue=queue, error=str(error).strip()[:500])
            connection.close()
            # A claim whose reply was lost, or what was not recorded: rescued from the name that this process gives up.
            self._heartbeat.resign()
            return False
        finally:
            self._heartbeat.begin(None)
            self._deadline.rest()
        return True

    def _claim(self, queue: str) -> list[Claim]:
        try:
            return self._claimer.claim(queue, worker=self._heartbeat.worker)
        except (DatabaseError, InterfaceError):
            connection.close()
            self._settler.give_back()
            raise


def _leave_dead_session() -> None:
    """A session that the server ended while nothing was asked of it has bytes to read: open another one before the claim
    would fail on it. Costs one look at the socket."""
    raw = connection.connection
    if raw is not None and not raw.closed and not possible(raw):
        connection.close()
