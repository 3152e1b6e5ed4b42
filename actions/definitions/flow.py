"""What a workflow function composes with: futures and their fields, gather, sleep, wait_for.

All of it speaks to the Run of the entry that this code is in; the engine provides that.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

from actions.definitions.context import current
from actions.errors import NotInWorkflow

if TYPE_CHECKING:
    from actions.definitions.action import Action

R = TypeVar("R")


class Reference:
    """A place in a step's result, as yet unknown: `payment["payment_id"]`. Goes into params of other steps."""

    __slots__ = ("future", "path")
    __iter__ = None

    def __init__(self, future: "Future[Any]", path: tuple[str | int, ...]) -> None:
        self.future = future
        self.path = path

    def __getitem__(self, field: str | int) -> "Reference":
        return Reference(self.future, (*self.path, field))

    def __repr__(self) -> str:
        return f"<{self.future.step}{''.join(f'[{field!r}]' for field in self.path)}>"

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} is not known yet: ask {self.future.step} for its result() first.")


class Future(Generic[R]):
    """A step that was started. As a param of another step, or in its `after=`, it makes an edge of the graph."""

    __slots__ = ("optional", "run", "step")
    __iter__ = None

    def __init__(self, step: str, run: "Run", *, optional: bool = False) -> None:
        self.step = step
        self.optional = optional
        self.run = run

    def __getitem__(self, field: str | int) -> Reference:
        return Reference(self, (field,))

    def __repr__(self) -> str:
        return f"<step {self.step}>"

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} is not done yet: ask for its result() first.")

    def result(self) -> R:
        """What the step returned. The workflow suspends until it has ended.

        Raises StepFailed when it failed, was cancelled or skipped; an optional step gives None then. NotInWorkflow outside
        of the execution that it belongs to.
        """
        found: R = entered().result(self)
        return found


class Run(Protocol):
    """One entry of a workflow function, as its calls see it."""

    def start(
        self,
        action: "Action[Any, Any]",
        params: dict[str, Any],
        *,
        step: str | None,
        after: Sequence[Future[Any]],
        optional: bool,
        detached: bool,
    ) -> Future[Any]:
        """A step that runs when its prerequisites have ended."""

    def call(self, action: "Action[Any, Any]", params: dict[str, Any]) -> Any:
        """Start and result, in line where that is possible."""

    def result(self, future: Future[Any]) -> Any:
        """What the step returned, once it has ended."""

    def gather(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """What all of them returned, once all have ended."""

    def sleep(self, seconds: float) -> None:
        """Return that much later."""

    def wait_for(self, name: str, timeout: float | None) -> Any:
        """The payload of an external event."""

    def now(self) -> datetime:
        """When this call was first reached."""


def running() -> Run | None:
    """The entry of the workflow function that calls this; None elsewhere, a step's handler included."""
    context = current.get()
    return None if context is None else context.run


def entered() -> Run:
    """The same. Raises NotInWorkflow where there is none."""
    run = running()
    if run is None:
        raise NotInWorkflow
    return run


def gather(*futures: Future[Any] | Iterable[Future[Any]]) -> list[Any]:
    """The results of all futures, in their order, once all have ended; `gather(a, b)` or `gather(list_of_futures)`.

    Raises StepFailed for the first, in their order, that has no result.
    """
    flat: list[Future[Any]] = []
    for given in futures:
        flat.extend([given] if isinstance(given, Future) else given)
    return entered().gather(flat)


def sleep(duration: float | timedelta) -> None:
    """Go on after that many seconds, however often the workflow is entered meanwhile. No worker is held."""
    entered().sleep(seconds_of(duration))


def wait_for(name: str, *, timeout: float | timedelta | None = None) -> Any:
    """The payload of the next external event called `name` that was emitted to this workflow, also one that came before.

    Raises EventTimeout after `timeout` (seconds or a timedelta; None waits for ever). No worker is held.
    """
    return entered().wait_for(name, None if timeout is None else seconds_of(timeout))


def seconds_of(duration: float | timedelta) -> float:
    """Seconds, never below zero."""
    return max(0.0, duration.total_seconds() if isinstance(duration, timedelta) else float(duration))
