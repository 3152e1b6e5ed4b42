"""@action: a typed function becomes the declared unit of work, with its schema and policies."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, overload

from actions.definitions.actor import CODE, Actor
from actions.definitions.callback import Callback
from actions.definitions.context import Context
from actions.definitions.engine import Invocation, bound
from actions.definitions.flow import Future, entered, running
from actions.definitions.handle import Handle
from actions.definitions.registry import registry
from actions.definitions.resolution import Resolution
from actions.definitions.schedule import Schedule, checked
from actions.definitions.schema import Params, Result, origin
from actions.errors import InvalidDefinition, InvalidInput, SoftTimeout, WorkflowWrites
from actions.retry import RetryPolicy
from actions.states import Effects

_PATIENT = RetryPolicy(max_attempts=50, delay=10, factor=2, max_delay=600)
"""A resolver that cannot say yet, or whose provider is away, is asked again for some hours."""

P = ParamSpec("P")
R = TypeVar("R")
DeriveKey = str | Callable[[dict[str, Any]], str]

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")
_IDEMPOTENCY = {"optional", "required"}
_BUILT_IN = "doplatform."
DOUBTFUL: tuple[type[BaseException], ...] = (SoftTimeout, TimeoutError, ConnectionResetError)
"""Errors after which an `external` effect may have happened all the same."""


class Action(Generic[P, R]):
    """A declared action. Calling it calls the plain function; `invoke` asks the platform to do it.

    `timeout` and `hard_timeout` are seconds: at the first the handler gets SoftTimeout, at the second its process dies.
    """

    kind = "action"

    def __init__(
        self,
        handler: Callable[P, R],
        *,
        name: str | None = None,
        effects: str = Effects.EXTERNAL,
        retry: RetryPolicy | None = None,
        timeout: float | timedelta | None = None,
        hard_timeout: float | timedelta | None = None,
        queue: str = "default",
        priority: int = 0,
        idempotency: str = "optional",
        derive_key: DeriveKey | None = None,
        atomic: bool = True,
        doubt_on: Iterable[type[BaseException]] = DOUBTFUL,
        max_concurrency: int | None = None,
        tags: Iterable[str] = (),
        schedules: Iterable[Schedule] = (),
    ) -> None:
        self.handler = handler
        function = origin(handler, name or repr(handler))
        self.name = name or function.__name__.replace("_", "-")
        self.place = f"{function.__module__}.{function.__qualname__}"
        self.description = inspect.getdoc(function) or ""
        self.is_async = inspect.iscoroutinefunction(function)
        self.effects = Effects(effects) if effects in set(Effects) else self._refuse(f"effects={effects!r} is unknown")
        self.retry = retry or RetryPolicy()
        self.timeout = _seconds(timeout)
        self.hard_timeout = _seconds(hard_timeout)
        self.queue = queue
        self.priority = priority
        self.idempotency = idempotency
        self.derive_key = derive_key
        self.atomic = atomic
        self.doubt_on = tuple(doubt_on)
        self.max_concurrency = max_concurrency
        self.tags = tuple(tags)
        self.resolver_action: Action[..., Any] | None = None
        self.failure_action: Action[..., Any] | None = None
        self.compensation_action: Action[..., Any] | None = None
        self.companion_of = ""
        """The action whose resolver, failure handler or compensation this is; empty for what stands for itself."""
        self._check()
        self.params = self._params()
        self.result = Result(handler, self.name)
        self.schedules = self._scheduled(schedules)
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self.__wrapped__ = handler

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        run = running()
        if run is None:
            return self.handler(*args, **kwargs)
        result: R = run.call(self, self._named(args, kwargs))
        return result

    def __repr__(self) -> str:
        return f"<Action {self.name}>"

    def invoke(
        self,
        *,
        idempotency_key: str | None = None,
        available_at: datetime | None = None,
        priority: int | None = None,
        tags: Sequence[str] = (),
        actor: Actor = CODE,
        callback: Callback | Mapping[str, str] | None = None,
        **params: Any,
    ) -> Handle:
        """Ask for one execution; it is stored when this returns (inside a transaction: when that commits).

        `callback`: {"url": …, "secret"?: "whsec_…"}, which is told of its ends.
        Raises InvalidParams, IdempotencyConflict, IdempotencyKeyRequired and other InvalidInput; then nothing is stored.
        WorkflowWrites in a workflow function, which calls the action or starts a step.
        """
        if running() is not None:
            raise WorkflowWrites(f"{self.name}.invoke() in a workflow function: {WorkflowWrites.__doc__}")
        accepted = bound().accept(
            self,
            Invocation(
                params=self.params.encode(params),
                idempotency_key=idempotency_key,
                available_at=available_at,
                priority=priority,
                tags=tuple(tags),
                actor=actor,
                callback=Callback.of(callback),
            ),
        )
        return Handle(accepted.id, accepted.replayed)

    def invoke_many(
        self,
        items: Iterable[Mapping[str, Any]],
        *,
        idempotency_keys: Iterable[str | None] | None = None,
        available_at: datetime | None = None,
        priority: int | None = None,
        actor: Actor = CODE,
        callback: Callback | Mapping[str, str] | None = None,
    ) -> list[Handle]:
        """Ask for one execution per item (a dict of params) in one transaction: all are stored, or none is."""
        encode = self.params.encode
        params = [encode(item) for item in items]
        if running() is not None:
            raise WorkflowWrites(f"{self.name}.invoke_many() in a workflow function: {WorkflowWrites.__doc__}")
        keys = list(idempotency_keys) if idempotency_keys is not None else [None] * len(params)
        if len(keys) != len(params):
            raise ValueError(f"{len(params)} items but {len(keys)} idempotency keys")
        told = Callback.of(callback)
        invocations = [
            Invocation(
                params=item,
                idempotency_key=key,
                available_at=available_at,
                priority=priority,
                actor=actor,
                callback=told,
            )
            for item, key in zip(params, keys, strict=True)
        ]
        return [Handle(accepted.id, accepted.replayed) for accepted in bound().accept_many(self, invocations)]

    def start(
        self,
        *,
        step: str | None = None,
        after: Iterable[Future[Any]] = (),
        optional: bool = False,
        detached: bool = False,
        **params: Any,
    ) -> Future[R]:
        """In a workflow function: a step that runs as soon as its prerequisites have ended, beside whatever else runs.

        Prerequisites are the futures among `params` and in `after`. `step` is its key (the action's name, numbered, where
        none is given). An `optional` step may fail without failing the workflow; a `detached` one is not waited for.
        """
        future: Future[R] = entered().start(
            self, params, step=step, after=tuple(after), optional=optional, detached=detached
        )
        return future

    def resolver(self, function: Callable[..., Resolution]) -> Callable[..., Resolution]:
        """Declare who is asked about an attempt in doubt: f(context, **params) -> Resolution.

        It becomes the action `<name>.resolver`: each time it is asked is an execution with its own tries and audit.
        """

        def ask(execution_id: str, attempt: int, context: Context) -> dict[str, Any]:
            return bound().ask_resolver(self, function, execution_id, attempt, context)

        self.resolver_action = self._companion("resolver", function, ask, retry=_PATIENT)
        return function

    def on_failure(self, function: Callable[..., object]) -> Callable[..., object]:
        """Declare what follows the last try: f(execution_id, params, error), with error as {"code", "class", "message"}.

        It becomes the action `<name>.on-failure`, accepted in the transaction that records the failure.
        """

        def follow(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
            function(execution_id=execution_id, params=params, error=error)

        self.failure_action = self._companion("on-failure", function, follow)
        return function

    def compensation(
        self,
        function: Callable[..., Any] | None = None,
        *,
        effects: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> Any:
        """Declare the undo of this action, for workflows that fail after it: f(…), with any of the action's params,
        `result` and `context` among its own.

        It becomes the action `<name>.compensation`, with the same effects and retry policy unless said otherwise.
        """
        if function is None:
            return partial(self.compensation, effects=effects, retry=retry)
        declared = function
        unknown = set(inspect.signature(declared).parameters) - {*self.params.fields, "result", "context"}
        if unknown:
            self._refuse(
                f"its compensation asks for {sorted(unknown)}, which are neither params nor result nor context"
            )

        def undo(execution_id: str, context: Context) -> Any:
            return bound().undo(self, declared, execution_id, context)

        self.compensation_action = self._companion(
            "compensation", declared, undo, retry=retry or self.retry, effects=effects or self._undo_effects
        )
        return declared

    @property
    def _undo_effects(self) -> str:
        """A workflow's own effects say nothing of what its undo does outside."""
        return Effects.EXTERNAL if self.kind == "workflow" else self.effects

    def _params(self) -> Params:
        return Params(self.handler, self.name)

    def _scheduled(self, schedules: Iterable[Schedule]) -> tuple[Schedule, ...]:
        try:
            return checked(self, schedules)
        except InvalidInput as error:
            refused: tuple[Schedule, ...] = self._refuse(error.message.rstrip("."))
            return refused

    def _named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of a call as params; the context is the platform's to give."""
        if not args:
            return dict(kwargs)
        names = self.params.fields
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes {len(names)} params, {len(args)} were given")
        return {**dict(zip(names, args, strict=False)), **kwargs}

    def _companion(
        self,
        role: str,
        function: Callable[..., Any],
        handler: Callable[..., Any],
        *,
        retry: RetryPolicy | None = None,
        effects: str = Effects.REPEATABLE,
    ) -> "Action[..., Any]":
        handler.__doc__ = inspect.getdoc(function) or f"The {role} of {self.name}."
        handler.__module__, handler.__qualname__ = function.__module__, function.__qualname__
        companion: Action[..., Any] = Action(
            handler,
            name=f"{self.name}.{role}",
            effects=effects,
            retry=retry,
            timeout=self.timeout,
            hard_timeout=self.hard_timeout,
            queue=self.queue,
            tags=self.tags,
        )
        companion.companion_of = self.name
        registry.add(companion)
        return companion

    @property
    def untriggerable(self) -> str:
        """Why only the platform itself asks for it, as a sentence; empty for what people and other systems may trigger."""
        if self.companion_of:
            return (
                f"{self.name} belongs to {self.companion_of}, and is asked for by what happens to that one's executions; "
                f"nobody else triggers it. Trigger {self.companion_of}."
            )
        if self.name.startswith(_BUILT_IN):
            return f"{self.name} is doplatform's own: it asks for it where it needs it, and nobody else triggers it."
        return ""

    @property
    def groupable(self) -> bool:
        """Whether its executions may share a transaction with others'."""
        return self.effects == Effects.DATABASE and self.atomic and self.max_concurrency is None

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            self._refuse("a name has 1 to 100 characters a-z 0-9 . _ - and begins with a letter")
        if self.idempotency not in _IDEMPOTENCY:
            self._refuse(f"idempotency is 'optional' or 'required', not {self.idempotency!r}")
        if isinstance(self.derive_key, str) and self.derive_key != "params":
            self._refuse("derive_key is a function of the params, or 'params'")
        if self.max_concurrency is not None and self.max_concurrency < 1:
            self._refuse("max_concurrency is at least 1")
        if not -32_768 <= self.priority <= 32_767:
            self._refuse("priority lies between -32768 and 32767")
        if self.timeout is not None and self.timeout <= 0:
            self._refuse("timeout is more than 0 seconds")
        if self.hard_timeout is not None and self.hard_timeout < (self.timeout or 0):
            self._refuse("hard_timeout is at least timeout")

    def _refuse(self, fault: str) -> Any:
        raise InvalidDefinition(f"{self.name} ({self.place}): {fault}.")


def _seconds(value: float | timedelta | None) -> float | None:
    return value.total_seconds() if isinstance(value, timedelta) else value


@overload
def action(name: Callable[P, R]) -> Action[P, R]: ...
@overload
def action(name: str | None = None, **policies: Any) -> Callable[[Callable[P, R]], Action[P, R]]: ...
def action(name: Any = None, **policies: Any) -> Any:
    """Declare an action: `@action`, or `@action("send-email", effects="database", retry=RetryPolicy(...), …)`.

    Policies: effects ("external" | "repeatable" | "database"), retry, timeout, hard_timeout (seconds), queue, priority
    (smaller goes first), idempotency ("optional" | "required"), derive_key, atomic, doubt_on, max_concurrency, tags,
    schedules.
    Raises InvalidDefinition where the declaration cannot work.
    """
    if callable(name):
        return action()(name)

    def declare(handler: Callable[P, R]) -> Action[P, R]:
        declared: Action[P, R] = Action(handler, name=name, **policies)
        registry.add(declared)
        return declared

    return declare
