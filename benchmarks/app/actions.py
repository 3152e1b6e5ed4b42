"""Actions of the throughput benchmark, and those of chaos."""

import os
import time
from pathlib import Path

from actions import Context, action
from benchmarks.app import chaos, workflows
from benchmarks.app.models import Effect, Row
from benchmarks.rival_jobs import stand

__all__ = ["chaos", "workflows"]


@action("bench-noop", effects="database")
def noop(number: int, text: str) -> None:
    """Does nothing."""


@action("bench-row", effects="database")
def row(number: int, text: str) -> None:
    """Inserts one row by the ORM."""
    Row.objects.create(number=number, text=text)


@action("bench-external")
def external(number: int, text: str) -> None:
    """Does nothing, as an action with outside effects: performed and committed alone."""


@action("bench-hold", effects="repeatable", timeout=300, hard_timeout=301)
def hold() -> None:
    """Keeps a worker busy until the benchmark lets it go."""
    stand("bench:release")


@action("chaos-database", effects="database", idempotency="required")
def chaos_database(context: Context, number: int, seconds: float) -> int:
    """Writes its effect into the database, then takes its time."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, number=number)
    time.sleep(seconds)
    return number


@action("chaos-quick", effects="database", idempotency="required")
def chaos_quick(context: Context, number: int) -> int:
    """Writes its effect and is done: such ones are claimed and committed in groups."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, number=number)
    return number


@action("chaos-external", effects="external", idempotency="required")
def chaos_external(context: Context, number: int, seconds: float) -> int:
    """Has an outside effect: the line in the outside ledger."""
    _outside(context, number)
    time.sleep(seconds)
    return number


@action("chaos-repeatable", effects="repeatable", idempotency="required")
def chaos_repeatable(context: Context, number: int, seconds: float) -> int:
    """Has an outside effect that may be repeated."""
    _outside(context, number)
    time.sleep(seconds)
    return number


def _outside(context: Context, number: int) -> None:
    """One line by one write, so that processes do not mix theirs and a kill leaves no half of one."""
    with Path(os.environ["CHAOS_LEDGER"]).open("ab", buffering=0) as ledger:
        ledger.write(f"{context.execution_id} {context.attempt} {number}\n".encode())
