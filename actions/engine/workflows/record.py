"""record: what the entries of workflow functions leave behind is stored, in the transaction that settles them.

`prepare` comes before settle: it locks the workflows and says, seeing all that has committed, whether what an entry waits
for has come meanwhile. `store` comes after settle, so that a stale entry has stored nothing when its fence says no.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from actions.crashpoints import crash_point
from actions.definitions.actor import PLATFORM
from actions.engine import ledger, planner
from actions.engine.advance import advance, lock
from actions.engine.aftermath import follow, wake_later
from actions.engine.ledger import Ending, NewStep, Suspension
from actions.engine.operate.tree import cancel_below
from actions.engine.statements import fetch
from actions.engine.workflows.entry import Entry
from actions.states import FINISHED, Status

_MANY = 500
"""New steps at once that may turn the plans of a small table into the wrong ones."""


def prepare(endings: Sequence[Ending]) -> list[UUID]:
    """Lock what these endings may move, and settle on queued where an entry need not wait any more.

    Returns the workflows that wait for any of them.
    """
    entries = [(ending, ending.entry) for ending in endings if ending.entry is not None]
    steps = [ending for ending in endings if ending.parent is not None]
    entered = [ending.id for ending, _ in entries]
    # Of steps that go on too: whoever cancels a workflow locks its steps, and a group locks them in no order.
    told = lock([*(ending.parent for ending in steps), *entered], ended=[ending.id for ending in steps])
    _stop_asked([ending for ending in endings if ending.entry is None])
    if not entries:
        return told
    for _, entry in entries:
        if entry.cancels:
            cancel_below([entry.claim.id], actor=PLATFORM, reason="The workflow's timeout has passed.")
    waiting = [(ending, entry) for ending, entry in entries if ending.status == Status.WAITING]
    new = {step.id: step for _, entry in waiting for step in entry.new}
    asked = {id_ for _, entry in waiting for id_ in entry.awaits} - new.keys()
    # What ends in this very transaction is still running for the statement, and does not name who waits from now on.
    asked -= {ending.id for ending in steps if ending.status in FINISHED}
    unended = {row[0] for row in fetch("unended", {"ids": sorted(asked)}, prepare=True)} if asked else set()
    for ending, entry in waiting:
        entry.awaits = [id_ for id_ in entry.awaits if id_ in unended or (id_ in new and _is_open(new[id_]))]
        if not _still_waits(entry):
            ending.status = Status.QUEUED
        if ending.details is not None:
            ending.details["after"] = ending.status.value
    return told


def _stop_asked(endings: Sequence[Ending]) -> None:
    """What was asked to stop, alone or with its workflow, is not tried again: it stops here."""
    again = [ending for ending in endings if ending.status in {Status.QUEUED, Status.RETRYING}]
    asked = {row[0] for row in fetch("asked_to_stop", {"ids": [ending.id for ending in again]})} if again else set()
    for ending in again:
        if ending.id in asked:
            ending.status = Status.CANCELLED
            ending.details = {**(ending.details or {}), "after": ending.status.value}


def store(endings: Sequence[Ending], *, worker: int, waiting: Sequence[UUID]) -> None:
    """Store what the entries left, and let go on what waited for these endings, `waiting` as prepare named them."""
    entries: list[tuple[Ending, Entry]] = [(ending, ending.entry) for ending in endings if ending.entry is not None]
    begun = _store(entries, worker) if entries else []
    over = [ending for ending in endings if ending.parent is not None and ending.status in FINISHED]
    # New steps behind others that had ended before are not blocked for long. All is moved at once: what has a failed
    # prerequisite is to be skipped before anything is unblocked.
    blocked = [step for step in begun if step.blocked]
    earlier = sorted({id_ for step in blocked for id_, _ in step.edges} - {step.id for step in begun})
    failed = [row[0] for row in fetch("fruitless", {"ids": earlier})] if earlier else []
    advance(
        [*(ending.id for ending in over), *earlier],
        without_success=[*(ending.id for ending in over if ending.status != Status.SUCCEEDED), *failed],
        workflows=[*(ending.parent for ending in over), *(step.parent for step in blocked)],
        waiting=waiting,
    )


def _store(entries: list[tuple[Ending, Entry]], worker: int) -> list[NewStep]:
    """Store what these entries left; returns the steps that they began."""
    new = [step for _, entry in entries for step in entry.new]
    done = [step for step in new if step.ending is not None]
    begun = [step for step in new if step.ending is None]
    ledger.record_steps(done, worker=worker, now=time.monotonic())
    ledger.start_steps(begun)
    _remember([entry for _, entry in entries])
    ledger.suspend(
        [
            Suspension(ending.id, entry.awaits, entry.event, _wakes(entry))
            for ending, entry in entries
            if ending.status == Status.WAITING
        ]
    )
    if len(begun) >= _MANY:
        planner.replan()
    crash_point("steps.recorded")
    wake_later([step.queue for step in begun if not step.blocked])
    for step in done:
        if step.ending is not None and step.ending.status != Status.SUCCEEDED:
            ending = step.ending
            follow(step.id, action=step.action, attempt=1, status=ending.status, error=ending.error, delay=ending.delay)
            if ending.status in {Status.QUEUED, Status.RETRYING} and ending.delay == 0:
                wake_later([step.queue])
    return begun


def _remember(entries: list[Entry]) -> None:
    learned = [(entry.claim.id, key, value) for entry in entries for key, value in entry.learned.items()]
    if learned:
        ledger.remember(learned)
    taken = [event for entry in entries for event in entry.taken]
    if taken:
        ledger.take_events(taken)
    consumed = [
        entry.steps[key].id
        for entry in entries
        for key in entry.passed
        if key in entry.steps and not entry.steps[key].consumed
    ]
    if consumed:
        ledger.consume(consumed)


def _is_open(step: NewStep) -> bool:
    return step.ending is None or step.ending.status not in FINISHED


def _still_waits(entry: Entry) -> bool:
    """Whether what the entry suspended for is still to come."""
    if entry.awaits:
        return True
    if entry.event is not None:
        return not entry.untaken(entry.event)
    return entry.wake_at is not None


def _wakes(entry: Entry) -> datetime | None:
    """When it goes on at the latest: what it asked for, or the whole workflow's timeout."""
    deadline = entry.memory.get("deadline") if "failure" not in entry.memory else None
    moments = [entry.wake_at, None if deadline is None else datetime.fromtimestamp(deadline, UTC)]
    return min((moment for moment in moments if moment is not None), default=None)
