"""The workflow of chaos: in-line steps, one outside, a fan, a wait; and an end on purpose that undoes what was done."""

import os
import time
from pathlib import Path

from actions import Context, GiveUp, Resolution, action, gather, sleep, workflow
from benchmarks.app.models import Effect

IN_LINE, WIDTH, PAUSE = 3, 5, 0.3


@action("chaos-reserve", effects="database")
def reserve(context: Context, number: int) -> int:
    """Writes its effect; can be undone."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, number=number)
    return number


@reserve.compensation
def release(context: Context, number: int) -> None:
    """Writes the effect of the undo."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, number=number)


@action("chaos-outside", timeout=4, hard_timeout=5)
def outside(context: Context, number: int, seconds: float) -> int:
    """Has an outside effect: the line in the outside ledger."""
    with Path(os.environ["CHAOS_LEDGER"]).open("ab", buffering=0) as ledger:
        ledger.write(f"{context.execution_id} {context.attempt} {number}\n".encode())
    time.sleep(seconds)
    return number


@outside.resolver
def look(context: Context, number: int, seconds: float) -> Resolution:
    """Where nobody knows, the ledger does."""
    with Path(os.environ["CHAOS_LEDGER"]).open() as ledger:
        happened = any(line.split()[0] == context.idempotency_key for line in ledger)
    return Resolution.happened(number) if happened else Resolution.did_not_happen()


@action("chaos-node", effects="database")
def node(context: Context, number: int, seconds: float) -> int:
    """One of a fan: writes its effect, then takes its time."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, number=number)
    time.sleep(seconds)
    return number


@action("chaos-refuse", effects="database")
def refuse(number: int) -> None:
    """Fails for good."""
    raise GiveUp("on purpose")


@workflow("chaos-flow", idempotency="required", on_failure="compensate")
def flow(number: int, seconds: float, doomed: bool) -> int:
    """One of everything."""
    for _ in range(IN_LINE):
        reserve(number=number)
    outside(number=number, seconds=seconds)
    gather([node.start(number=number, seconds=seconds / 4, step=f"node-{place}") for place in range(WIDTH)])
    sleep(PAUSE)
    if doomed:
        refuse(number=number)
    return number
