"""manage.py replay of workflows: from one of their steps."""

from typing import Any

import pytest

from actions.testing import inline_worker
from tests.interfaces.command_line import WHY, answer, refusal
from tests.stage import compose, declare, engine

__all__ = ["compose", "declare", "engine"]

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def run(compose: Any, declare: Any) -> str:
    """A workflow of two steps that has succeeded."""

    @declare("stage-twice")
    def twice(n: int) -> int:
        return 2 * n

    @compose("stage-both")
    def both() -> list[int]:
        return [twice(1), twice(10)]

    handle = both.invoke()
    with inline_worker() as worker:
        worker.work()
    assert handle.result(timeout=0) == [2, 20]
    return handle.id


def test_what_came_before_the_step_is_kept(run: str):
    again = answer("replay", run, "--from-step", "stage-twice#2", "--params", '{"n": 30}', *WHY)
    with inline_worker() as worker:
        worker.work()
    assert again["replay_of"] == run
    assert answer("executions", "show", again["id"])["result"] == [2, 60]


def test_a_step_that_there_is_not(run: str):
    assert refusal("replay", run, "--from-step", "stage-thrice", *WHY)[1]["error"]["code"] == "step_not_found"
