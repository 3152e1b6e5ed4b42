"""The client for asyncio. A shell like `blocking`: the same verbs of the core, awaited."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from actions.client import configuration, losses, verbs, waiting
from actions.client.known import Known, Told
from actions.client.methods import dress
from actions.client.outcome import Outcome, outcome_of
from actions.client.wire import Answer, Core, Lost, Reply, Send, Step, Steps

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class AsyncDo:
    """The platform, from outside, for asyncio. Like Do, with methods to await and lists for `async for`."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._core = configuration.core_of(base_url, timeout, retries)
        self._auth = configuration.bearer(api_key)
        self._transport = transport
        self._opened: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None
        self.action = AsyncActions(self)
        self.workflow = self.action
        self.actions = AsyncCatalogue(self)
        self.executions = AsyncExecutions(self)

    async def close(self) -> None:
        """Let go of the connections. It may be used again, and then opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None and opened[0] is asyncio.get_running_loop():
            await opened[1].aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncDo({self._core.home!r})"

    async def _run(self, steps: Steps[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value
            reply = await self._perform(step)

    async def _perform(self, step: Step) -> Reply:
        if not isinstance(step, Send):
            await asyncio.sleep(step.seconds)
            return None
        try:
            async with asyncio.timeout(step.timeout):
                return await self._send(step)
        except TimeoutError:
            return losses.TOO_SLOW
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return losses.lost(error)

    async def _send(self, step: Send) -> Answer | Lost:
        request = step.request
        async with self._client().stream(
            request.method,
            configuration.url_of(self._core, request),
            params=request.query,
            content=request.body,
            headers=request.headers,
            timeout=configuration.patience(step),
        ) as response:
            reading = losses.Reading()
            async for part in response.aiter_bytes():
                if not reading.take(part):
                    return losses.TOO_LARGE
            return reading.answer(response)

    def _client(self) -> httpx.AsyncClient:
        """This loop's connections: those of another loop, or of a parent process, cannot be used here."""
        loop = asyncio.get_running_loop()
        if self._opened is None or self._opened[0] is not loop:
            client = httpx.AsyncClient(
                auth=self._auth,
                headers={"User-Agent": configuration.user_agent()},
                limits=configuration.limits(),
                transport=self._transport,
                verify=configuration.trust(),
            )
            self._opened = (loop, client)
        return self._opened[1]


class _Part:
    """What hangs on a client; `_about` is the name or the id that its verbs are about."""

    def __init__(self, do: AsyncDo, about: str = "") -> None:
        self._do = do
        self._about = about


S = TypeVar("S", bound=_Part)


def _verb(
    verb: Callable[Concatenate[Core, P], Steps[T]], shape: Callable[[_Part, T], R]
) -> Callable[Concatenate[_Part, P], Coroutine[Any, Any, R]]:
    """A verb of the core as a method, with its params and its docstring; `shape` is what becomes of its answer."""

    async def method(self: _Part, *args: P.args, **kwargs: P.kwargs) -> R:
        return shape(self, await self._do._run(verb(self._do._core, *args, **kwargs)))

    dress(method, verb, given=1)
    return method


def _own(
    verb: Callable[Concatenate[Core, str, P], Steps[T]], shape: Callable[[S, T], R]
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """The same for a verb about the thing itself: its name or id is not asked for again."""

    async def method(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        return shape(self, await self._do._run(verb(self._do._core, self._about, *args, **kwargs)))

    dress(method, verb, given=2)
    return method


def _listed(pages: Callable[P, verbs.Pages]) -> Callable[Concatenate[_Part, P], AsyncIterator["AsyncHandle"]]:
    """A list as an asynchronous iterator, which asks for the next page when it is read so far."""

    async def method(self: _Part, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator["AsyncHandle"]:
        asked = pages(*args, **kwargs)
        while asked.more:
            for told in await self._do._run(asked.turn(self._do._core)):
                yield AsyncHandle(self._do, told)

    dress(method, pages, given=0)
    return method


def _same(_: _Part, answer: T) -> T:
    return answer


def _handle(part: _Part, told: Told) -> "AsyncHandle":
    return AsyncHandle(part._do, told)


def _handles(part: _Part, many: list[Told]) -> "list[AsyncHandle]":
    return [AsyncHandle(part._do, told) for told in many]


class AsyncHandle(Known, _Part):
    """One execution, as it was last told. What asks the platform says so: all methods do, no property does."""

    def __init__(self, do: AsyncDo, told: Told) -> None:
        Known.__init__(self, told)
        _Part.__init__(self, do, told.id)

    def _take(self, told: Told) -> "AsyncHandle":
        self._told = replace(told, replayed=self.replayed)
        return self

    def _result(self, told: Told) -> Any:
        return outcome_of(self._take(told)._told).value()

    def _outcome(self, outcome: Outcome) -> Outcome:
        if outcome.told is not None:
            self._take(outcome.told)
        return outcome

    result = _own(waiting.result, _result)
    outcome = _own(waiting.outcome, _outcome)
    refresh = _own(verbs.read, _take)
    retry = _own(verbs.retry, _take)
    run_now = _own(verbs.run_now, _take)
    cancel = _own(verbs.cancel, _take)
    resolve = _own(verbs.resolve, _take)
    emit = _own(verbs.emit, _take)
    replay = _own(verbs.replay, _handle)


class AsyncAction(_Part):
    """An action, or a workflow, by its name: `do.action("send-welcome-email")`. Nothing is asked until a method is called."""

    @property
    def name(self) -> str:
        """Its name."""
        return self._about

    execute = _own(waiting.execute, _same)
    invoke = _own(verbs.invoke, _handle)
    start = invoke
    """The same: a handle, without waiting."""
    invoke_many = _own(verbs.invoke_many, _handles)
    describe = _own(verbs.action, _same)
    pause = _own(verbs.pause, _same)
    change_pause = _own(verbs.change_pause, _same)
    resume = _own(verbs.resume, _same)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._about}>"


class AsyncActions(_Part):
    """`do.action`: by its name, or with the name as a param."""

    def __call__(self, name: str) -> AsyncAction:
        """The action of that name, whether or not there is one."""
        return AsyncAction(self._do, name)

    execute = _verb(waiting.execute, _same)
    invoke = _verb(verbs.invoke, _handle)
    start = invoke


class AsyncCatalogue(_Part):
    """`do.actions`: what can be asked for."""

    get = _verb(verbs.action, _same)
    list = _verb(verbs.actions, _same)


class AsyncExecutions(_Part):
    """`do.executions`: what was asked for, by its id or by a search."""

    get = _verb(verbs.read, _handle)
    retry = _verb(verbs.retry, _handle)
    retry_many = _verb(verbs.retry_many, _same)
    replay = _verb(verbs.replay, _handle)
    run_now = _verb(verbs.run_now, _handle)
    cancel = _verb(verbs.cancel, _handle)
    resolve = _verb(verbs.resolve, _handle)
    emit = _verb(verbs.emit, _handle)
    list = _listed(verbs.executions)
