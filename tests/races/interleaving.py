"""Two sessions, one stopped at a named place with its transaction open, the other going on until it waits or is through."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import transaction

from actions import Handle, emit
from actions.engine import guard
from actions.engine.ledger import Claim
from benchmarks import invariants
from tests.stage import PATIENCE, Elsewhere, StageWorker, key_of, rows, session, step_of

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND cardinality(pg_blocking_pids(pid)) > 0
"""


class Place:
    """Where the first one to come by stands until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()

    def stand(self) -> None:
        """Stand here, if nobody has before."""
        if not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(PATIENCE)


def at_end_of(verb: Callable[[], Any], stands: Place) -> Callable[[], Any]:
    """The verb, whose transaction stays open at `stands`."""

    def act() -> Any:
        with transaction.atomic():
            done = verb()
            stands.stand()
            return done

    return act


def meet(stands: Place, first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """`first` comes to its place; `second` goes as far as it can; then `first` goes on. What both returned or raised."""
    go = threading.Event()
    # Both connections are open before a handler runs: while one does, another connection is refused.
    later, sooner = Elsewhere(second, go), Elsewhere(first)
    assert stands.reached.wait(PATIENCE), sooner.ended() and sooner.outcome()
    go.set()
    with session() as looker:
        until = time.monotonic() + PATIENCE
        while not later.ended() and looker.execute(WAITING).fetchone() == (0,):
            assert time.monotonic() < until, "neither through nor waiting"
            time.sleep(0.002)
    stands.go.set()
    guard._guarded = None
    return [_outcome(sooner), _outcome(later)]


def _outcome(thread: Elsewhere) -> Any:
    try:
        return thread.outcome()
    except Exception as error:
        return error


def settling(worker: StageWorker, claims: list[Claim]) -> Callable[[], Any]:
    """Perform and settle what was claimed."""
    return lambda: worker.settle(claims)


def take(crew: Callable[..., StageWorker], *executions: str | Handle) -> list[tuple[StageWorker, list[Claim]]]:
    """Each of these claimed by a worker of its own."""
    first = crew()
    claims: dict[Any, Claim] = {}
    while found := first.claim():
        claims |= {claim.id: claim for claim in found}
    taken = []
    for execution in executions:
        worker = crew()
        claim = claims.pop(key_of(execution))
        rows("UPDATE actions_execution SET worker_id = %s WHERE id = %s", worker.worker, claim.id)
        rows("UPDATE actions_attempt SET worker_id = %s WHERE execution_id = %s AND outcome IS NULL",
             worker.worker, claim.id)  # fmt: skip
        taken.append((worker, [claim]))
    assert not claims
    return taken


def once(crew: Callable[..., StageWorker]) -> None:
    """One claim and its settle."""
    worker = crew()
    worker.settle(worker.claim())


def sound() -> None:
    """What must hold at rest holds."""
    with session() as looker:
        assert invariants.broken(looker) == []


def both_held(act: Any, crew: Any) -> tuple[Handle, Any, Any]:
    """A run whose function and whose step are claimed, each by a worker."""
    handle = act.invoke()
    once(crew)
    emit(handle.id, "go")
    function, step = take(crew, handle, step_of(handle, "step"))
    return handle, function, step


def standing_settle(step: tuple[StageWorker, list[Claim]], stands: Place) -> Callable[[], Any]:
    """Settle a step and stand at the end of its transaction."""
    worker, claims = step

    def act() -> None:
        plain = worker.settler._settle

        def settle_and_stand(*args: Any, **kwargs: Any) -> str:
            xid = plain(*args, **kwargs)
            stands.stand()
            return xid

        worker.settler._settle = settle_and_stand  # type: ignore[method-assign]
        worker.settle(claims)

    return act
