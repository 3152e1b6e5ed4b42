"""Both shells of the SDK in front of a server that plays the platform."""

import asyncio
import inspect

import pytest

from actions.client import (
    AsyncDo,
    Do,
)
from tests.interfaces.stand_in import (
    KEY,
    stand_in,
)

NAME = "send-welcome-email"
ADA = {"email": "ada@example.com", "name": "Ada"}


@pytest.fixture
def server():
    with stand_in() as running:
        yield running


@pytest.fixture(params=[Do, AsyncDo])
def ask(request, server):
    """ask(lambda do: …): what the client answers; what an AsyncDo gives is awaited."""

    def ask(question, **options):
        if request.param is Do:
            with Do(KEY, server.url, **options) as do:
                answer = question(do)
                return list(answer) if inspect.isgenerator(answer) else answer
        return asyncio.run(awaited(question, options))

    async def awaited(question, options):
        async with AsyncDo(KEY, server.url, **options) as do:
            answer = question(do)
            return [one async for one in answer] if inspect.isasyncgen(answer) else await answer

    return ask


def execute(do, **options):
    return do.action.execute(name=NAME, params=ADA, **options)
