"""Workflows that fault tests kill in the middle: in-line steps, an outside step, a graph, a compensation, waits."""

import time

from actions import Context, action, sleep, wait_for, workflow
from tests.app.actions import ONE_TRY, QUICK, entered, external, give_up, write, write_row


@action("flow-book", effects="database", retry=QUICK)
def book(context: Context, note: str) -> str:
    """Writes one effect, and can be undone."""
    entered(context, note)
    write(context, note)
    return f"booked {note}"


@book.compensation
def unbook(context: Context, note: str, result: str) -> None:
    """Writes the effect of the undo."""
    entered(context, f"undo of {result}")
    write(context, note)


@action("flow-node", effects="database", retry=QUICK)
def node(context: Context, note: str, seconds: float = 0.0) -> str:
    """A node of a wide graph: one effect, then a moment."""
    write(context, note)
    time.sleep(seconds)
    return note


@workflow("flow-lines", retry=ONE_TRY)
def lines() -> list[str]:
    """Three steps in line."""
    return [write_row(note=f"line-{number}")["note"] for number in range(3)]


@workflow("flow-calls")
def calls() -> str:
    """A step outside between two in line."""
    write_row(note="before")
    sent = external(note="outside")
    write_row(note="after")
    return sent


@workflow("flow-graph")
def graph() -> dict:
    """One, three beside each other, one behind them."""
    first = write_row.start(note="first", step="first")
    many = [write_row.start(note=first["note"], after=[first], step=f"many-{number}") for number in range(3)]
    return write_row.start(note=many[0]["note"], after=many, step="last")


@workflow("flow-undoes", on_failure="compensate")
def undoes() -> None:
    """Two steps that are undone, because the third fails."""
    book(note="one")
    book(note="two")
    give_up()


@workflow("flow-fan")
def fan(width: int, seconds: float = 0.0) -> str:
    """Many beside each other, and one behind all of them."""
    many = [node.start(note="many", seconds=seconds, step=f"many-{number}") for number in range(width)]
    return node.start(note="last", after=many, step="last").result()


@workflow("flow-reviewed")
def reviewed() -> dict:
    """Waits for an event between two steps."""
    write_row(note="before")
    told = wait_for("review")
    write_row(note="after")
    return told


@workflow("flow-sleeps")
def sleeps(times: int = 3, seconds: float = 0.2) -> int:
    """Sleeps, with a step after each."""
    for _ in range(times):
        sleep(seconds)
        write_row(note="awake")
    return times
