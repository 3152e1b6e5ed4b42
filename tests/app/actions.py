"""Actions that tests invoke. `entered` is a ledger outside PostgreSQL: it also remembers what was rolled back."""

import os
import time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from actions import Context, GiveUp, InDoubt, RetryLater, RetryPolicy, action
from tests.app.models import Effect

QUICK = RetryPolicy(max_attempts=3, delay=0.05, factor=1, jitter=0)


def entered(context: Context, note: str = "") -> None:
    """Append a line to the file named by DO_TEST_LEDGER, by one write, so that processes do not mix theirs."""
    path = os.environ.get("DO_TEST_LEDGER")
    if path:
        with Path(path).open("ab", buffering=0) as ledger:
            ledger.write(f"{context.execution_id} {context.attempt} {note}\n".encode())


def write(context: Context, note: str = "") -> None:
    """One row in the effect ledger."""
    Effect.objects.create(execution_id=context.execution_id, attempt=context.attempt, note=note)


@action("test-noop", effects="database", retry=QUICK)
def noop(n: int = 0, text: str = "") -> None:
    """Does nothing."""


@action("test-echo", effects="database", retry=QUICK)
def echo(value: Any) -> Any:
    """Returns its param."""
    return value


@action("test-write", effects="database", retry=QUICK)
def write_row(context: Context, note: str = "", seconds: float = 0) -> dict:
    """Writes one effect, then takes its time."""
    entered(context, note)
    write(context, note)
    time.sleep(seconds)
    return {"note": note}


@action("test-fail", effects="database", retry=QUICK)
def fail(context: Context, message: str = "broken", times: int = 1_000) -> str:
    """Writes, then raises in its first `times` attempts."""
    entered(context)
    write(context)
    if context.attempt <= times:
        raise RuntimeError(message)
    return "at last"


@action("test-give-up", effects="database", retry=QUICK)
def give_up(context: Context) -> None:
    """Fails for good."""
    write(context)
    raise GiveUp("no use")


@action("test-postpone", effects="database", retry=QUICK)
def postpone(context: Context, times: int = 1, delay: float = 0.0) -> str:
    """Asks for later, `times` times."""
    if context.attempt <= times:
        raise RetryLater(delay)
    return "now"


@action("test-external", effects="external", retry=QUICK)
def external(context: Context, note: str = "", seconds: float = 0) -> str:
    """Has an outside effect: the line in `entered`."""
    entered(context, note)
    time.sleep(seconds)
    return "sent"


@action("test-repeatable", effects="repeatable", retry=QUICK)
def repeatable(context: Context, note: str = "", seconds: float = 0) -> str:
    """Has an outside effect that may be repeated."""
    entered(context, note)
    time.sleep(seconds)
    return "sent"


@action("test-doubt", effects="external", retry=QUICK)
def doubt(context: Context) -> None:
    """Cannot know."""
    entered(context)
    raise InDoubt("the reply was lost")


# The audit's seals


@action("test-sealed-secret", effects="database", retry=QUICK)
def sealed_secret(name: str, token: SecretStr | None = None) -> dict:
    """Has a secret param, so that its fingerprint is keyed."""
    return {"name": name}
