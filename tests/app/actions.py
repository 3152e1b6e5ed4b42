"""Actions that tests invoke. `entered` is a ledger outside PostgreSQL: it also remembers what was rolled back."""

import ctypes
import os
import signal
import time
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, SecretStr

from actions import Context, GiveUp, InDoubt, Redacted, RetryLater, RetryPolicy, action
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


# What the fault tests need: handlers that die, hang and will not be stopped.

ONE_TRY = RetryPolicy(max_attempts=1)


@action("fault-die", effects="database", retry=QUICK)
def die(context: Context, attempts: int = 1) -> None:
    """Writes, then kills its own process, in its first `attempts` attempts."""
    entered(context)
    write(context)
    if context.attempt <= attempts:
        os.kill(os.getpid(), signal.SIGKILL)


@action("fault-die-external", effects="external", retry=QUICK)
def die_external(context: Context) -> None:
    """Has its outside effect, then kills its own process."""
    entered(context)
    os.kill(os.getpid(), signal.SIGKILL)


@action("fault-outside", effects="external", retry=QUICK, atomic=False)
def outside(context: Context, seconds: float = 0) -> str:
    """An outside effect with no transaction open."""
    entered(context)
    time.sleep(seconds)
    return "sent"


@action("fault-stubborn", effects="repeatable", retry=ONE_TRY, timeout=0.5)
def stubborn(context: Context, way: str) -> None:
    """Writes, then does all it can not to be stopped."""
    entered(context)
    write(context)
    _WAYS[way]()


def _swallow() -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(BaseException):
            time.sleep(0.01)


def _sleep_in_c() -> None:
    library = ctypes.PyDLL(None)  # holds the GIL
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(BaseException):
            library.usleep(200_000)


def _busy() -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(BaseException):
            while time.monotonic() < until:
                pass


def _holds_gil() -> None:
    sum(range(3_000_000_000))


def _blocks_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(30)


_WAYS = {
    "swallow": _swallow,
    "sleep-in-c": _sleep_in_c,
    "busy": _busy,
    "holds-gil": _holds_gil,
    "blocks-signals": _blocks_signals,
}


# The audit's seals


@action("test-sealed-secret", effects="database", retry=QUICK)
def sealed_secret(name: str, token: SecretStr | None = None) -> dict:
    """Has a secret param, so that its fingerprint is keyed."""
    return {"name": name}


# What the faces' tests need: every kind of param, and a secret.


class Where(BaseModel):
    """A nested param."""

    street: str
    number: int


@action("face-form", effects="database", retry=QUICK)
def face_form(
    context: Context,
    text: str,
    whole: int = 7,
    ratio: float = 0.5,
    agreed: bool = False,
    size: Literal["small", "large"] = "small",
    day: date | None = None,
    moment: datetime | None = None,
    amount: Decimal = Decimal("1.50"),
    note: str | None = None,
    where: Where | None = None,
    items: list[int] = [],  # noqa: B006  (a default of the schema; nobody changes it)
    pin: Annotated[str, Redacted] = "none",
) -> dict:
    """Takes one param of each kind."""
    context.log("looked at the form", said=text)
    if text == "fail":
        raise RuntimeError(f"it was to fail, with {pin}")
    return {"text": text, "pin": len(pin), "amount": str(amount), "moment": str(moment), "items": items}


# Discovered with the actions, which they compose.
from tests.app import workflows  # noqa: E402, F401
