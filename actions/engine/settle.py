"""settle: handlers and the record of how they ended, in one transaction; together where allowed, alone where not.

    claims → _together: one transaction, a savepoint per handler that writes, one settle, one commit
           ↘ _alone: the same for one execution; also what a group falls back to when its transaction had to go

A COMMIT without a reply is judged by the server: committed is done, aborted is done again where that is allowed.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import structlog
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connection, transaction

from actions import conf, ids
from actions.crashpoints import crash_point
from actions.definitions.registry import registry
from actions.engine import inputs, ledger, policy
from actions.engine.aftermath import follow, wake_later
from actions.engine.guard import Guard, alive
from actions.engine.ledger import Claim, Ending
from actions.engine.perform import Performer, Regroup, conflict
from actions.engine.statements import raw
from actions.engine.workflows import record
from actions.errors import LeaseLost, TransactionControl, WorkerLost, describe
from actions.states import Effects, Status

if TYPE_CHECKING:
    from actions.definitions.action import Action

_CONFLICT_ROUNDS = 5
"""How often a `database` handler that met a deadlock or a serialization failure is entered within one attempt."""
_AGAIN = {Status.QUEUED, Status.RETRYING}
_ADMIN_SHUTDOWN = "57P01"
_PASSING = ("08", "40", "53", "55P03", "57P")
"""SQLSTATEs, or their beginnings, of what passes: sessions that end, servers that start, conflicts with others."""

log = structlog.get_logger(__name__)


class Lease(Protocol):
    """What settle needs of the worker process."""

    worker: int
    """Its id: part of the fence."""
    stopping: bool
    """Whether it should give back what it has not begun."""


class CommitUnknown(Exception):
    """COMMIT was sent and no reply came."""

    def __init__(self, xid: str, witness: Ending, hooks: list[Any]) -> None:
        super().__init__(xid)
        self.xid = xid
        self.witness = witness
        self.hooks = hooks


class Settler:
    """Performs and settles claims for one worker process."""

    def __init__(self, *, performer: Performer, lease: Lease) -> None:
        self._performer = performer
        self._lease = lease
        self._session: psycopg.Connection[Any] | None = None
        self._returned: Ending | None = None
        """How the handler of the last transaction ended, once it was through."""
        self._bare = False
        """Whether that left nothing in its transaction."""

    def work(self, claims: list[Claim]) -> None:
        """Perform all of `claims`, each to its recorded end; what a stopping worker has not begun is given back."""
        pending = list(claims)
        while pending:
            if self._lease.stopping:
                self._record([policy.given_back(claim) for claim in pending])
                return
            if len(pending) == 1:
                self._alone(pending.pop())
            else:
                pending = self._together(pending)

    def give_back(self) -> None:
        """After a claim without a reply: whatever it took was never begun."""
        held = self.persist(lambda: ledger.held(worker=self._lease.worker))
        self._record([policy.given_back(claim) for claim in held])

    def _together(self, claims: list[Claim]) -> list[Claim]:
        """One group; returns the claims that it left for the next."""
        begun: list[Claim] = []
        try:
            self._transact(claims, begun)
        except CommitUnknown as unknown:
            if self._committed(unknown):
                return claims[len(begun) :]
            self._each_alone(begun)
        except (Regroup, LeaseLost, TransactionControl, DatabaseError, InterfaceError) as error:
            log.info("group_undone", members=len(begun), cause=type(error).__name__, error=str(error)[:500])
            self._each_alone(begun)
        return claims[len(begun) :]

    def _each_alone(self, claims: list[Claim]) -> None:
        for claim in claims:
            self._alone(claim)

    def _alone(self, claim: Claim) -> None:
        action = registry.get(claim.action)
        if action is None:
            self._record([policy.unknown_action(claim)])
        elif action.atomic:
            self._alone_atomic(action, claim)
        else:
            self._performer.given = self.persist(lambda: inputs.given([claim]))
            self._record([self._performer.perform(action, claim, None)])

    def _alone_atomic(self, action: "Action[Any, Any]", claim: Claim) -> None:
        for again in range(_CONFLICT_ROUNDS, 0, -1):
            try:
                self._transact([claim], [])
                return
            except LeaseLost:
                log.warning("lease_lost", execution=ids.public_id(claim.id), attempt=claim.attempt)
                return
            except CommitUnknown as unknown:
                if not self._committed(unknown):
                    self._record([_lost(action, claim, unknown.__cause__)])
                return
            except (Regroup, DatabaseError, InterfaceError, TransactionControl) as error:
                cause = error.error if isinstance(error, Regroup) else error
                if self._session_ended() and not isinstance(cause, TransactionControl):
                    self._record([_lost(action, claim, cause)])
                    return
                if self._returned is not None and action.effects != Effects.DATABASE and conflict(cause):
                    self._record([self._returned if self._bare else _lost(action, claim, cause)])
                    return
                if again > 1 and action.effects == Effects.DATABASE and conflict(cause):
                    continue
                self._record([policy.after_error(action, claim, cause, hidden=self._performer.hidden(claim))])
                return

    def _transact(self, claims: list[Claim], begun: list[Claim]) -> None:
        """Handlers and their settle in one transaction. `begun` receives the claims whose handler was entered.

        Raises whatever means that nothing of it was committed, or CommitUnknown.
        """
        settings = conf.get()
        until = time.monotonic() + settings.GROUP_TIME
        guard = Guard(self._lease.worker, until=until)
        endings: list[Ending] = []
        xid, hooks = "", []
        self._session = self._returned = None
        try:
            with connection.execute_wrapper(guard), transaction.atomic():
                self._session = raw()
                self._performer.given = inputs.given(claims)
                for claim in claims:
                    begun.append(claim)
                    endings.append(self._perform(claim, guard))
                    if time.monotonic() > until or guard.members >= settings.GROUP_SIZE:
                        break
                self._returned = endings[0]
                self._bare = endings[0].status != Status.SUCCEEDED or not (guard.marked or connection.run_on_commit)
                xid = self._settle(endings, claims, marked=guard.marked)
                hooks = list(connection.run_on_commit)
                crash_point("settle.updated")
        except (OperationalError, InterfaceError) as error:
            if xid and self._session_ended():
                raise CommitUnknown(xid, endings[0], hooks) from error
            raise
        crash_point("settle.committed")

    def _session_ended(self) -> bool:
        """Whether the session of the last transaction is gone. Django has opened another one by then, so that its
        connection does not tell."""
        return self._session is None or bool(self._session.closed)

    def _perform(self, claim: Claim, guard: Guard) -> Ending:
        action = registry.get(claim.action)
        if action is None:
            return policy.unknown_action(claim)
        return self._performer.perform(action, claim, guard)

    def _settle(self, endings: list[Ending], claims: list[Claim], *, marked: bool = False) -> str:
        waiting = record.prepare(endings)
        xid = ledger.settle(endings, worker=self._lease.worker, marked=marked)
        record.store(endings, worker=self._lease.worker, waiting=waiting)
        for ending, claim in zip(endings, claims, strict=False):
            if ending.status != Status.SUCCEEDED or _is_limited(claim):
                follow(
                    ending.id,
                    action=claim.action,
                    attempt=ending.attempt,
                    status=ending.status,
                    error=ending.error,
                    delay=ending.delay,
                )
            if ending.status == Status.QUEUED and (action := registry.get(claim.action)) is not None:
                wake_later([action.queue])
        return xid

    def _record(self, endings: list[Ending]) -> None:
        """Settle by themselves endings whose handler's transaction is gone, however long PostgreSQL may be away."""
        for ending in endings:
            self.persist(partial(self._record_one, ending))

    def _record_one(self, ending: Ending) -> None:
        try:
            with transaction.atomic():
                waiting = record.prepare([ending])
                ledger.settle([ending], worker=self._lease.worker)
                record.store([ending], worker=self._lease.worker, waiting=waiting)
                rows = ledger.origin(ending.id)
                follow(
                    ending.id,
                    action=rows[0],
                    attempt=ending.attempt,
                    status=ending.status,
                    error=ending.error,
                    delay=ending.delay,
                )
                if ending.status in _AGAIN and ending.delay == 0:
                    wake_later([rows[1]])
        except LeaseLost:
            # Also what a second round finds whose first one committed without a reply.
            log.warning("lease_lost", execution=ids.public_id(ending.id), attempt=ending.attempt)

    def _committed(self, unknown: CommitUnknown) -> bool:
        """What became of a COMMIT without reply, once the server can say it for good."""
        committed = self.persist(lambda: self._judge(unknown))
        log.warning("commit_judged", xid=unknown.xid, committed=committed)
        if not committed:
            return False
        for _, hook, *_ in unknown.hooks:
            try:
                hook()
            except Exception as error:  # noqa: BLE001  (robust hooks, run where Django could not)
                log.warning("hook_failed", error=str(error))
        return True

    def _judge(self, unknown: CommitUnknown) -> bool:
        """Whether it was committed. A backend that has not noticed its client's end is waited for; then the record is
        looked at, because a server that crashed may have given the transaction's number to another one."""
        if not alive():
            connection.close()
        while _in_progress(unknown.xid):
            time.sleep(0.05)
        return ledger.settled_as(unknown.witness, worker=self._lease.worker)

    def persist(self, act: Callable[[], Any]) -> Any:
        """Do `act` until PostgreSQL lets it through, for as long as this worker lives."""
        pause = 0.05
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
                if not _passes(error):
                    raise
                log.warning("database_away", error=str(error).strip()[:200], pause=pause)
                connection.close()
                time.sleep(pause)
                pause = min(2 * pause, 1.0)


def _passes(error: Exception) -> bool:
    """Whether the same statement may well succeed on another session, or a moment later."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_PASSING)


def _in_progress(xid: str) -> bool:
    """Whether the server still works on that transaction."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8)", [xid])
            return bool(cursor.fetchone()[0] == "in progress")
    except DataError:
        # "In the future": a server that crashed has forgotten that it ever gave this number.
        return False


def _lost(action: "Action[Any, Any]", claim: Claim, cause: BaseException | None) -> Ending:
    refused = cause is not None and conflict(cause)
    error = WorkerLost(
        f"The database {'refused the record' if refused else 'connection was lost before'} "
        f"{'of the attempt' if refused else 'the attempt was recorded'}; its writes were rolled back."
        + (" Its outside effect may have happened." if action.effects == Effects.EXTERNAL else " It is done again.")
    )
    ended_by_operator = getattr(getattr(cause, "__cause__", None), "sqlstate", None) == _ADMIN_SHUTDOWN
    return policy.after_loss(action.effects, claim, describe(error), counts=not ended_by_operator)


def _is_limited(claim: Claim) -> bool:
    action = registry.get(claim.action)
    return action is not None and action.max_concurrency is not None
