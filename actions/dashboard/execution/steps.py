"""The waterfall of a workflow: a line for each of its own steps, with the waits and attempts on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from actions.dashboard.execution import timeline
from actions.models import Execution
from actions.queries.history import Bar
from actions.queries.steps import Step


@dataclass(frozen=True, slots=True)
class Lane:
    """A step with its bars."""

    step: Step
    bars: Sequence[timeline.Bar]
    waited: float
    """Seconds for which nobody was at it."""
    ran: float
    """Seconds of all its attempts."""
    attempts: int


def lanes(
    execution: Execution, steps: Sequence[Step], attempts: Mapping[UUID, Sequence[Bar]], now: datetime
) -> list[Lane]:
    """One for each step, as they were asked for, all on the same line of time: that of the workflow."""
    pieces = {step.id: _pieces(step, attempts.get(step.id, ())) for step in steps}
    whole = timeline.window(
        [piece for some in pieces.values() for piece in some], execution.finished_at or now, begin=execution.created_at
    )
    if whole is None:
        return []
    found = []
    for step in steps:
        bars = [whole.bar(piece, now) for piece in pieces[step.id]]
        found.append(
            Lane(
                step,
                bars,
                sum(bar.seconds for bar in bars if bar.kind == "wait"),
                sum(bar.seconds for bar in bars if bar.kind != "wait"),
                len(attempts.get(step.id, ())),
            )
        )
    return found


def _pieces(step: Step, attempts: Sequence[Bar]) -> list[timeline.Piece]:
    """Waits and attempts. What has never begun waits still, or waited to its end."""
    if step.is_workflow and step.started_at is not None:
        # Between the entries of its function its own steps run.
        return [timeline.Piece(step.status, step.created_at, step.finished_at)]
    rows = [(bar.started_at, bar.finished_at, bar.outcome) for bar in attempts]
    pieces = [piece for some in timeline.tries(step.created_at, rows) for piece in some]
    last = attempts[-1].finished_at if attempts else step.created_at
    if last is not None and step.status in {"queued", "retrying", "blocked", "waiting"}:
        pieces.append(timeline.Piece("wait", last, None))
    elif not attempts and step.finished_at is not None:
        pieces.append(timeline.Piece(step.status, step.finished_at, step.finished_at))
    return pieces
