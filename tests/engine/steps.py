"""What the tests of workflows compose: steps of every kind, and a look at the audit when they are through."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from actions import Context, GiveUp
from actions.definitions.actor import CODE
from actions.engine import reconcile
from actions.engine.findings import Report
from actions.engine.maintain import redispatch
from actions.engine.operate import pause
from actions.states import Status, allows
from tests.app.actions import write
from tests.stage import StageWorker, rows

_LIVES = """
SELECT execution.id, execution.status, execution.attempt, entry.verb, entry.data
FROM actions_execution AS execution JOIN actions_auditentry AS entry ON entry.execution_id = execution.id
ORDER BY execution.id, entry.id
"""
_ATTEMPTS = """
SELECT id FROM actions_execution AS execution
WHERE attempt <> (SELECT count(*) FROM actions_attempt WHERE execution_id = execution.id)
"""
_CHANGELESS = {"execution.emitted", "execution.cancel_requested"}
_PLAIN = {
    "execution.accepted": "queued", "execution.started": "running", "execution.succeeded": "succeeded",
}  # fmt: skip


@pytest.fixture
def audited(engine: None) -> Iterator[None]:
    """When the test is through, the audit tells each execution's life, change by change."""
    yield
    faults = [findings(), broken_lives(), rows(_ATTEMPTS)]
    assert faults == [[], [], []], faults


def findings() -> list[Any]:
    """What audit_verify would say of the executions."""
    report = Report()
    reconcile.compare(report)
    return report.findings


def broken_lives() -> list[Any]:
    """Changes that the chart of states does not know, or that have no entry, or two."""
    broken: list[Any] = []
    now: dict[Any, str] = {}
    last: dict[Any, str] = {}
    for id_, status, _, verb, data in rows(_LIVES):
        last[id_] = status
        told = json.loads(data) if isinstance(data, str) else data or {}
        after = told.get("after") or _PLAIN.get(verb)
        if after is None:
            if verb not in _CHANGELESS:
                broken.append((id_, verb, "says no status"))
            continue
        before = now.get(id_)
        if "before" in told and told["before"] != before:
            broken.append((id_, verb, f"says {told['before']}, it was {before}"))
        if before is not None and not allows(before, after):
            broken.append((id_, verb, f"{before} to {after}"))
        now[id_] = after
    return broken + [(id_, status, now.get(id_)) for id_, status in last.items() if now.get(id_) != status]


@pytest.fixture
def ran() -> list[Any]:
    """What handlers were entered with, in order."""
    return []


@pytest.fixture
def add(declare: Any, ran: list[Any]) -> Any:
    """A step that runs in line."""

    @declare("stage-add")
    def act(a: int, b: int = 0) -> dict[str, int]:
        ran.append((a, b))
        return {"sum": a + b}

    return act


@pytest.fixture
def call_out(declare: Any, ran: list[Any]) -> Any:
    """A step with an outside effect, which suspends its workflow."""

    @declare("stage-call-out", effects="external")
    def act(n: int) -> int:
        ran.append(n)
        return n * 10

    return act


@pytest.fixture
def moody(declare: Any, ran: list[Any]) -> Any:
    """Fails for good until its mood changes."""

    @declare("stage-moody")
    def act(n: int = 0) -> int:
        ran.append(("moody", n))
        if act.bad:
            raise GiveUp("bad mood")
        return n

    act.bad = True
    return act


@pytest.fixture
def mark(declare: Any) -> Any:
    """Writes one row in the effect ledger."""

    @declare("stage-mark")
    def act(context: Context, note: str = "") -> str:
        write(context, note)
        return note

    return act


@pytest.fixture
def book(declare: Any, ran: list[Any]) -> Any:
    """A step with a compensation, which fails as often as `book.fails` says."""

    @declare("stage-book", effects="external")
    def act(what: str) -> str:
        ran.append(f"book {what}")
        return f"booked {what}"

    @act.compensation
    def cancel_booking(what: str) -> None:
        ran.append(f"cancel {what}")
        if what in act.stuck:
            raise GiveUp(f"{what} cannot be cancelled")

    act.stuck = set()
    return act


def hold(name: str) -> None:
    """Let no execution of the action start."""
    pause.pause_action(name, actor=CODE, reason="held by a test")


def release(name: str) -> None:
    """Let them go on."""
    pause.resume_action(name, actor=CODE, reason="released by a test")


def late(worker: StageWorker) -> None:
    """Let the time come that workflows wait for, and work."""
    rows("UPDATE actions_execution SET wake_at = now() WHERE status = %s AND wake_at IS NOT NULL", Status.WAITING)
    redispatch()
    worker.work()
