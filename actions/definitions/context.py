"""What a handler knows about its attempt, and how it speaks to the platform while it runs."""

import hashlib
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from actions import values
from actions.errors import Cancelled, WorkflowWrites, storable

MOST_LINES = 1_000
"""Log lines kept per attempt; the last line then says how many were dropped."""
_LONGEST_LINE = 4_000


class Link(Protocol):
    """The worker's side of a Context."""

    def report(self, execution_id: Any, attempt: int, progress: dict[str, Any] | None) -> bool:
        """Store the progress outside the handler's transaction; True when the execution was asked to stop."""

    def on_commit(self, hook: Callable[[], object]) -> None:
        """Call `hook` after the handler's writes and its record have committed."""


class Context:
    """One attempt, as its handler sees it.

    `execution_id` is the public id (exec_…), `attempt` counts from 1, `idempotency_key` is the same in every attempt of
    this execution: pass it to providers. `action` is the action's name. `run` is the workflow's entry, where this is one.
    """

    __slots__ = (
        "_deadline", "_drawn", "_dropped", "_key", "_link", "_reported", "_row", "action", "attempt", "execution_id",
        "hidden", "lines", "progressed", "run",
    )  # fmt: skip

    def __init__(
        self,
        *,
        execution_id: str,
        row: UUID,
        action: str,
        attempt: int,
        timeout: float | None,
        link: Link,
        run: Any = None,
    ) -> None:
        self.execution_id = execution_id
        self.action = action
        self.attempt = attempt
        self.run = run
        self.hidden: list[str] = []
        """Secrets that are dotted where this attempt's error shows them."""
        self.lines: list[dict[str, Any]] = []
        self.progressed: dict[str, Any] | None = None
        self._key = execution_id
        self._row = row
        self._link = link
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._drawn = 0
        self._dropped = 0
        self._reported = 0.0

    @property
    def idempotency_key(self) -> str:
        """The key to send to providers: one per execution, whatever the number of attempts.

        In a resolver it is the one of the execution in doubt, by which the provider is asked.
        """
        return self._key

    def ask_about(self, execution_id: str) -> None:
        """For a resolver's attempt: speak to providers by the key of the execution in doubt."""
        self._key = execution_id

    @property
    def remaining(self) -> float | None:
        """Seconds until the soft timeout; None where there is none."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def log(self, text: str, **fields: Any) -> None:
        """Keep a line with the attempt (at most 1,000), shown wherever the attempt is. Secret-looking fields are dotted."""
        if len(self.lines) >= MOST_LINES:
            self._dropped += 1
            self.lines[-1] = {"text": f"{self._dropped + 1} more lines were dropped"}
            return
        line: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(),
            "text": storable(text[:_LONGEST_LINE]),
        }
        if fields:
            line["fields"] = values.redact({name: _short(value) for name, value in fields.items()})
        self.lines.append(line)

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the work is; shown while the attempt runs. Also a heartbeat."""
        self.progressed = {"done": done, "total": total, "note": storable(note[:_LONGEST_LINE])}
        self.heartbeat()

    def heartbeat(self) -> None:
        """Ask whether to go on: raises Cancelled when someone asked this execution to stop. At most one look a second."""
        now = time.monotonic()
        if now - self._reported < 1.0:
            return
        self._reported = now
        if self._link.report(self._row, self.attempt, self.progressed):
            raise Cancelled

    def now(self) -> datetime:
        """A time (UTC) that is the same whenever this execution is entered again.

        In a workflow: when this call was first reached. In an action: when the execution was accepted.
        """
        if self.run is not None:
            remembered: datetime = self.run.now()
            return remembered
        return datetime.fromtimestamp((self._row.int >> 80) / 1000, UTC)

    def random(self) -> float:
        """A number from 0 up to 1: another one for each call, and the same ones in every attempt."""
        return int.from_bytes(self._draw("random")[:7]) / 2**56

    def uuid(self) -> UUID:
        """A UUID (version 4 in form): another one for each call, and the same ones in every attempt."""
        return UUID(bytes=self._draw("uuid")[:16], version=4)

    def _draw(self, kind: str) -> bytes:
        """Chance that needs no memory: derived from the execution's id, which nobody can choose, and the call's number."""
        self._drawn += 1
        return hashlib.sha256(f"{kind}:{self._row}:{self._drawn}".encode()).digest()

    def on_commit(self, hook: Callable[[], object]) -> None:
        """Call `hook` once the handler's writes and its record have committed; its errors become warnings.

        Raises WorkflowWrites in a workflow function, which would call it at every entry.
        """
        if self.run is not None:
            raise WorkflowWrites(f"on_commit() in a workflow function: {WorkflowWrites.__doc__}")
        self._link.on_commit(hook)


def _short(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    return storable(str(value)[:_LONGEST_LINE])


current: ContextVar[Context | None] = ContextVar("doplatform_context", default=None)
"""The attempt that this code runs in, if any."""
