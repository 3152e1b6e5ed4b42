"""The statuses of an execution, their sentences and their arrows: the one table that code, docs and tests share."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where an execution stands."""

    BLOCKED = "blocked"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    SUSPENDED = "suspended"
    POSTPONED = "postponed"
    GIVEN_BACK = "given_back"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


class Effects(StrEnum):
    """What an action does outside, which decides what a lost attempt means."""

    EXTERNAL = "external"
    REPEATABLE = "repeatable"
    DATABASE = "database"


class CatchUp(StrEnum):
    """What a schedule does about the times that it missed while nothing ran."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Arrow:
    """A legal move: the verb that makes it, and where it leads."""

    verb: str
    to: Status


@dataclass(frozen=True, slots=True)
class State:
    """A status with what it means and every arrow out of it."""

    status: Status
    meaning: str
    arrows: tuple[Arrow, ...] = ()


_S = Status

CHART: dict[Status, State] = {
    state.status: state
    for state in (
        State(
            _S.BLOCKED,
            "A step whose prerequisites are not done.",
            (Arrow("advance", _S.QUEUED), Arrow("advance", _S.SKIPPED), Arrow("cancel", _S.CANCELLED)),
        ),
        State(
            _S.QUEUED,
            "Waits for its time, where that is still to come, and then for a worker.",
            (Arrow("claim", _S.RUNNING), Arrow("run now", _S.QUEUED), Arrow("cancel", _S.CANCELLED)),
        ),
        State(
            _S.RUNNING,
            "A worker is at it.",
            (
                Arrow("settle", _S.SUCCEEDED),
                Arrow("settle", _S.RETRYING),
                Arrow("settle", _S.FAILED),
                Arrow("settle", _S.WAITING),
                Arrow("settle", _S.QUEUED),
                Arrow("settle", _S.IN_DOUBT),
                Arrow("settle", _S.CANCELLED),
                Arrow("rescue", _S.QUEUED),
                Arrow("rescue", _S.RETRYING),
                Arrow("rescue", _S.IN_DOUBT),
                Arrow("rescue", _S.FAILED),
                Arrow("rescue", _S.CANCELLED),
                Arrow("give back", _S.QUEUED),
                Arrow("cancel", _S.CANCELLED),
                Arrow("force stop", _S.IN_DOUBT),
            ),
        ),
        State(
            _S.RETRYING,
            "A try has failed; the next one begins by itself.",
            (Arrow("claim", _S.RUNNING), Arrow("run now", _S.QUEUED), Arrow("cancel", _S.CANCELLED)),
        ),
        State(
            _S.WAITING,
            "A workflow that goes on when its steps have ended, its time has come or an event is told; it needs no worker.",
            (Arrow("advance", _S.QUEUED), Arrow("timeout", _S.QUEUED), Arrow("cancel", _S.CANCELLED)),
        ),
        State(_S.SUCCEEDED, "Done; the result is stored."),
        State(
            _S.FAILED,
            "The tries are used up, or the failure is permanent. The failed list is the dead-letter list.",
            (Arrow("retry", _S.QUEUED), Arrow("retry", _S.WAITING)),
        ),
        State(
            _S.IN_DOUBT,
            "An attempt with outside effects ended without anyone knowing whether it happened.",
            (
                Arrow("resolve", _S.SUCCEEDED),
                Arrow("resolve", _S.FAILED),
                Arrow("resolve", _S.QUEUED),
                Arrow("resolve", _S.CANCELLED),
            ),
        ),
        State(_S.CANCELLED, "Stopped by an operator or a caller; a replay makes a new execution."),
        State(
            _S.SKIPPED,
            "A step that will not run because a prerequisite failed.",
            (Arrow("retry", _S.BLOCKED),),
        ),
    )
}

FINISHED = frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED, _S.SKIPPED})
"""Statuses with a finished_at. In doubt is not among them: somebody still has to say how it ended."""
ENDED = FINISHED | {_S.IN_DOUBT}
"""Statuses that a waiting caller is told about."""
DUE = frozenset({_S.QUEUED, _S.RETRYING})
"""Statuses that claim takes."""
WITH_ERROR = frozenset({_S.FAILED, _S.RETRYING, _S.IN_DOUBT})
"""Statuses that may carry an error."""


def allows(before: str, after: str) -> bool:
    """Whether the chart has an arrow from `before` to `after`."""
    return any(arrow.to == after for arrow in CHART[Status(before)].arrows)


def as_markdown() -> str:
    """The chart as docs/states.md shows it."""
    lines = ["| status | meaning | moves on by |", "| --- | --- | --- |"]
    for state in CHART.values():
        arrows = ", ".join(f"{arrow.verb} → `{arrow.to}`" for arrow in state.arrows) or "final"
        lines.append(f"| `{state.status}` | {state.meaning} | {arrows} |")
    return "\n".join(lines) + "\n"
