"""Steps whose params come from other steps' results: whoever is handed such a step's params gets the values."""

from typing import Any

import pytest

from actions import Context, InDoubt, Resolution
from actions.engine.operate.replay import replay
from tests.stage import ALICE, column, step_of

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def number(declare: Any) -> Any:
    @declare("stage-number")
    def give() -> dict[str, int]:
        return {"n": 7}

    return give


def test_a_resolver_is_asked_with_the_values(compose: Any, declare: Any, crew: Any, number: Any):
    asked: list[int] = []

    @declare("stage-doubtful", effects="external")
    def doubtful(n: int) -> int:
        raise InDoubt("perhaps")

    @doubtful.resolver
    def look(context: Context, n: int) -> Resolution:
        asked.append(n)
        return Resolution.happened(n * 2)

    @compose("stage-doubts")
    def doubts() -> int:
        return doubtful.start(n=number.start()["n"]).result()

    handle = doubts.invoke()
    crew().work()
    assert (asked, handle.result()) == ([7], 14)


def test_a_failure_handler_is_told_the_values(compose: Any, declare: Any, crew: Any, number: Any):
    told: list[Any] = []

    @declare("stage-failing")
    def failing(n: int) -> int:
        raise ValueError(n)

    @failing.on_failure
    def note(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        told.append(params)

    @compose("stage-fails")
    def fails() -> int:
        return failing.start(n=number.start()["n"]).result()

    fails.invoke()
    crew().work()
    assert told == [{"n": 7}]


def test_a_failure_handler_is_told_also_when_there_was_no_such_value(
    compose: Any, declare: Any, crew: Any, number: Any
):
    told: list[Any] = []

    @declare("stage-failing")
    def failing(n: int) -> int:
        return n

    @failing.on_failure
    def note(execution_id: str, params: dict[str, Any], error: dict[str, Any]) -> None:
        told.append((params, error["code"]))

    @compose("stage-fails")
    def fails() -> int:
        return failing.start(n=number.start()["m"]).result()

    handle = fails.invoke()
    crew().work()
    assert handle.status == "failed"
    assert told == [({"n": {"$step": "stage-number", "path": ["m"]}}, "invalid_params")]


def test_a_replay_of_such_a_step_has_the_values(compose: Any, declare: Any, crew: Any, number: Any):
    @declare("stage-double")
    def double(n: int) -> int:
        return 2 * n

    @compose("stage-doubles")
    def doubles() -> Any:
        return double.start(n=number.start()["n"])

    handle = doubles.invoke()
    worker = crew()
    worker.work()
    again = replay(step_of(handle, "stage-double"), actor=ALICE, reason="once more")
    assert column(again.id, "params") == {"n": 7}
    worker.work()
    assert column(again.id, "result") == 14
