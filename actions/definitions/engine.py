"""The little that definitions know of the engine: a protocol, and the place where the app binds the real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from actions.definitions.actor import CODE, Actor
from actions.definitions.callback import Callback, Kept
from actions.definitions.context import Context
from actions.definitions.resolution import Resolution
from actions.errors import NotBound

if TYPE_CHECKING:
    from actions.definitions.action import Action
    from actions.definitions.remote import RemoteAction


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One request to do an action: what accept takes."""

    params: dict[str, Any]
    """Plain JSON values, as sent."""
    idempotency_key: str | None = None
    available_at: datetime | None = None
    """Not before this time (with a zone); None = now."""
    priority: int | None = None
    """Smaller goes first; None = the action's own."""
    tags: tuple[str, ...] = ()
    actor: Actor = field(default=CODE)
    replay_of: Any = None
    callback: Callback | Kept | None = None
    """Whom to tell of its ends: as the request says, or as it stands with the API key that asks."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an invocation: the execution's public id, and whether it existed before (`replayed`)."""

    id: str
    replayed: bool
    row: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """The columns of a new execution as they were stored, where it was accepted alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An execution at one moment: its status, and its result or error once it has ended."""

    status: str
    result: Any
    error: dict[str, Any] | None
    attempt: int


class Engine(Protocol):
    """What definitions ask of the engine."""

    def accept(self, action: "Action", invocation: Invocation) -> Accepted:
        """Store one execution."""

    def accept_many(self, action: "Action", invocations: Sequence[Invocation]) -> list[Accepted]:
        """Store many executions of one action in one transaction."""

    def ask_resolver(
        self,
        action: "Action[Any, Any]",
        function: "Callable[..., Resolution]",
        execution_id: str,
        attempt: int,
        context: Context,
    ) -> dict[str, Any]:
        """Ask a resolver about an attempt in doubt, and act on what it answers."""

    def undo(
        self, action: "Action[Any, Any]", function: "Callable[..., Any]", execution_id: str, context: Context
    ) -> Any:
        """Call the compensation of a step that succeeded, with its params and its result."""

    def call_remote(self, action: "RemoteAction", params: dict[str, Any], context: Context) -> Any:
        """The result that a remote action's endpoint answers with."""

    def emit(
        self, execution_id: str, name: str, payload: Any, *, actor: Actor, reason: str, idempotency_key: str | None
    ) -> None:
        """Tell a workflow an external event."""

    def look(self, execution_id: str) -> Standing:
        """Where the execution stands now."""

    def wait(self, execution_id: str, timeout: float) -> Standing:
        """Where it stands once it has ended, or after `timeout` seconds."""


_bound: Engine | None = None


def bind(engine: Engine) -> None:
    """Make `engine` the one that actions speak to. Called once, when Django is ready."""
    global _bound  # noqa: PLW0603  (the one binding)
    _bound = engine


def bound() -> Engine:
    """The bound engine. Raises NotBound before django.setup()."""
    if _bound is None:
        raise NotBound
    return _bound
