"""perform: call one handler as its declaration says, and turn whatever happens into an Ending."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import OperationalError, connection, transaction

from actions import conf, ids, redaction
from actions.crashpoints import crash_point
from actions.definitions.context import Context, current
from actions.definitions.flow import Run
from actions.definitions.workflow import Workflow
from actions.engine import inputs, ledger, policy, secrets
from actions.engine.claim import Pace
from actions.engine.deadline import Deadline
from actions.engine.guard import Guard, alive, one_connection_only
from actions.engine.ledger import Claim, Ending
from actions.engine.workflows.enter import enter
from actions.errors import DoplatformError, InvalidInput, InvalidParams, storable
from actions.states import Effects, Outcome, Status

if TYPE_CHECKING:
    from actions.definitions.action import Action

_CONCURRENT = {"40001", "40P01", "55P03"}
"""SQLSTATEs of a conflict with somebody else's transaction: serialization, deadlock, lock timeout."""


class Regroup(DoplatformError):
    """A member met a conflict or lost the connection: the transaction goes, and its members are done one by one."""

    code = "regroup"

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Desk(Protocol):
    """What perform needs of the worker process."""

    def report(self, execution_id: UUID, attempt: int, progress: dict[str, Any] | None) -> bool:
        """Store progress apart from the transaction; True when the attempt was asked to stop."""

    def begin(self, execution_id: UUID | None) -> None:
        """Say what is being performed, for the heartbeat."""


class _Link:
    """A Context's way to its worker."""

    __slots__ = ("_desk", "hooks")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.hooks: list[Callable[[], object]] = []

    def report(self, execution_id: UUID, attempt: int, progress: dict[str, Any] | None) -> bool:
        return self._desk.report(execution_id, attempt, progress)

    def on_commit(self, hook: Callable[[], object]) -> None:
        transaction.on_commit(hook)


class Performer:
    """Calls handlers for one worker process."""

    def __init__(self, *, desk: Desk, pace: Pace, deadline: Deadline) -> None:
        self._desk = desk
        self._pace = pace
        self._deadline = deadline
        self.given: dict[str, str | None] = {}
        """Results that claims take as params, as JSON texts by id of the step that gave them."""

    def perform(self, action: "Action[Any, Any]", claim: Claim, guard: Guard | None) -> Ending:
        """Enter the handler once. `guard` is the open transaction's, None where the action declares atomic=False.

        Raises Regroup when the transaction cannot go on, and SystemExit and KeyboardInterrupt that are not ours.
        """
        self._desk.begin(claim.id)
        if isinstance(action, Workflow) and guard is not None:
            return enter(self, action, claim, guard)
        started = time.monotonic()
        hidden: list[str] = []
        context = self.context(action, claim)
        context.hidden = hidden
        try:
            with guard.member() if guard is not None else nullcontext():
                result = self.call(action, context, claim, hidden, guarded=guard is not None)
                text, digest = action.result.dump(result)
            ending = Ending(
                id=claim.id,
                attempt=claim.attempt,
                status=Status.SUCCEEDED,
                outcome=Outcome.SUCCEEDED,
                result=text,
                parent=claim.parent,
            )
            if digest:
                ending.details = {"result": digest}
            if guard is not None:
                guard.soften(partial(_warn, claim))
        except Regroup:
            raise
        except BaseException as error:
            if _foreign(error):
                raise
            if guard is not None and _breaks(error):
                raise Regroup(error) from error
            ending = policy.after_error(action, claim, error, hidden=hidden + self.hidden(claim))
        crash_point("perform.returned")
        ending.duration = time.monotonic() - started
        ending.lines = self.lines(context, claim, hidden)
        ending.progress = context.progressed
        self.learn(action.name, ending.duration)
        return ending

    def learn(self, action: str, duration: float) -> None:
        """Take in how long it took."""
        self._pace.learn(action, duration)

    def judge(self, error: BaseException) -> None:
        """Raise what is no failure of the function that raised it: the end of the process, or of the transaction."""
        if _foreign(error) or isinstance(error, Regroup):
            raise error
        if _breaks(error):
            raise Regroup(error) from error

    def undone(self, error: BaseException) -> BaseException:
        """What to raise so that the whole transaction goes, and `error` is recorded for it."""
        return Regroup(error)

    def context(self, action: "Action[Any, Any]", claim: Claim, run: Run | None = None) -> Context:
        """The context of one attempt; `run` is the entry of a workflow function."""
        return Context(
            execution_id=ids.public_id(claim.id),
            row=claim.id,
            action=action.name,
            attempt=claim.attempt,
            timeout=soft_timeout(action),
            link=_Link(self._desk),
            run=run,
        )

    def hidden(self, claim: Claim) -> list[str]:
        """What is not to stand in the texts of its error: secrets, and what this installation hides of its params."""
        try:
            plain = secrets.decrypt(claim.secret) if claim.secret is not None else {}
            text = claim.params
            if claim.inputs is not None:
                text = inputs.filled(text, claim.inputs, self.given)
        except DoplatformError:
            plain, text = {}, claim.params
        return [*secrets.texts(plain), *redaction.texts(json.loads(text))]

    def lines(self, context: Context, claim: Claim, hidden: list[str]) -> list[dict[str, Any]] | None:
        """The log of the attempt, as it is kept; None where there is none."""
        return redaction.lines(context.lines, hidden + self.hidden(claim)) if context.lines else None

    def _arguments(self, action: "Action[Any, Any]", claim: Claim, hidden: list[str]) -> dict[str, Any]:
        text = claim.params
        if claim.secret is not None:
            plain = secrets.decrypt(claim.secret)
            hidden.extend(secrets.texts(plain))
            text = secrets.merge(text, plain)
        if claim.inputs is not None:
            try:
                text = inputs.filled(text, claim.inputs, self.given)
            except InvalidInput as error:
                raise InvalidParams(action.name, error.problems) from None
            if action.params.secret:
                taken = json.loads(text)
                hidden.extend(secrets.texts([taken.get(name) for name in action.params.secret]))
        return action.params.load(text)

    def call(
        self, action: "Action[Any, Any]", context: Context, claim: Claim, hidden: list[str], *, guarded: bool = True
    ) -> Any:
        """Call the handler with its params; `hidden` receives their secret values."""
        arguments = self._arguments(action, claim, hidden)
        if action.params.context is not None:
            arguments = {**arguments, action.params.context: context}
        handler = async_to_sync(action.handler) if action.is_async else action.handler
        token = current.set(context)
        try:
            with (
                one_connection_only(other_databases=action.effects == Effects.EXTERNAL) if guarded else nullcontext(),
                self._deadline.running(soft=soft_timeout(action), hard=hard_timeout(action)),
            ):
                return handler(**arguments)
        finally:
            current.reset(token)


def soft_timeout(action: "Action[Any, Any]") -> float:
    """Seconds until the handler gets SoftTimeout."""
    return action.timeout or conf.get().DEFAULT_TIMEOUT


def hard_timeout(action: "Action[Any, Any]") -> float:
    """Seconds until its process is killed."""
    return action.hard_timeout or soft_timeout(action) + conf.get().KILL_GRACE


def conflict(error: BaseException) -> bool:
    """Whether PostgreSQL refused because of somebody else's transaction."""
    return getattr(error.__cause__, "sqlstate", None) in _CONCURRENT


def _breaks(error: BaseException) -> bool:
    """Whether the transaction itself must go: a conflict, or a connection that is no more."""
    if isinstance(error, OperationalError) and conflict(error):
        return True
    return connection.connection is not None and not alive()


def _warn(claim: Claim, error: Exception) -> None:
    line = {
        "text": storable(f"on_commit hook failed: {type(error).__qualname__}: {error}"[:4_000]),
        "level": "warning",
    }
    ledger.warn(id=claim.id, attempt=claim.attempt, line=line)


def _foreign(error: BaseException) -> bool:
    """KeyboardInterrupt and the exit of the process itself are not the handler's failures."""
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))
