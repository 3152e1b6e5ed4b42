"""What a handler may return, and what becomes of one that returns something else (F22)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pydantic
import pytest

from actions import Context
from tests.app import actions as app
from tests.stage import columns, effects, value

pytestmark = pytest.mark.usefixtures("engine")


class Receipt(pydantic.BaseModel):
    number: int
    note: str = ""


@pytest.mark.parametrize(
    ("result", "path"),
    [
        ({"a": [1, float("nan")]}, "a[1]"),
        ({"a": float("inf")}, "a"),
        ({"text": "nul \x00 inside"}, "text"),
        ({"deep": {"half": "\ud800"}}, "deep.half"),
        ({"big": 2**53}, "big"),
        ({"big": "x" * 70_000}, "big"),
        ({"many": ["x" * 60_000] * 5}, ""),
        ({"set": {1, 2}}, ""),
        ({"thing": object()}, ""),
        ({1: "a key that is none"}, ""),
        ({"bytes": b"\xff\xfe"}, ""),
    ],
)
def test_what_cannot_be_stored_fails_with_its_path_and_its_writes_are_rolled_back(
    result: Any, path: str, declare: Any, crew: Any
):
    """F22: failed `result_invalid`, for good, message names the path"""

    @declare("stage-result")
    def act(context: Context) -> Any:
        app.write(context)
        return result

    handle, neighbour = act.invoke(), app.write_row.invoke()
    crew().work()
    if handle.status == "succeeded":
        # pydantic writes sets as lists and numbers as keys: then what is stored is JSON.
        assert isinstance(handle.result(timeout=0), dict)
        assert set(result) & {"set", 1}
        return
    assert handle.status == "failed"
    assert handle.error is not None
    assert handle.error["code"] == "result_invalid"
    assert path in handle.error["message"]
    assert columns(handle)["attempt"] == 1
    assert (effects(handle), neighbour.status, effects(neighbour)) == (0, "succeeded", 1)


def test_a_result_that_does_not_fit_its_type_hint_fails(declare: Any, crew: Any):
    @declare("stage-result")
    def act(context: Context) -> Receipt:
        app.write(context)
        return {"number": "x"}  # type: ignore[return-value]

    handle = act.invoke()
    crew().work()
    assert handle.error is not None
    assert handle.error["code"] == "result_invalid"
    assert "number" in handle.error["message"]
    assert effects(handle) == 0


def test_rich_results_become_the_json_of_their_type_hint(declare: Any, crew: Any):
    @declare("stage-model")
    def model() -> Receipt:
        return Receipt(number=7)

    @declare("stage-list")
    def listed() -> list[Decimal]:
        return [Decimal("1.10")]

    @declare("stage-dict")
    def plain() -> dict[str, Any]:
        return {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=1)}

    @declare("stage-none")
    def none() -> None:
        return None

    handles = [model.invoke(), listed.invoke(), plain.invoke(), none.invoke()]
    crew().work()
    assert [handle.result(timeout=0) for handle in handles] == [
        {"number": 7, "note": ""},
        ["1.10"],
        {"at": "2026-01-02T00:00:00Z", "id": "00000000-0000-0000-0000-000000000001"},
        None,
    ]


@pytest.mark.parametrize("result", [0, False, "", [], {}, None, "ﬀ 🙂", 0.1, -1])
def test_a_result_comes_back_as_it_went(result: Any, crew: Any):
    handle = app.echo.invoke(value=result)
    crew().work()
    assert handle.result(timeout=0) == result
    assert type(handle.result(timeout=0)) is type(result)


def test_the_audit_keeps_the_fingerprint_of_the_result(crew: Any):
    from actions import values

    app.echo.invoke(value={"b": 1, "a": 2})
    crew().work()
    kept = value("SELECT data->>'result' FROM actions_auditentry WHERE verb = 'execution.succeeded'")
    assert kept == values.check_and_digest({"a": 2, "b": 1}).fingerprint


def test_a_secret_in_a_result_is_not_shown(declare: Any, crew: Any):
    class Token(pydantic.BaseModel):
        token: pydantic.SecretStr

    @declare("stage-token")
    def act() -> Any:
        return Token(token=pydantic.SecretStr("canary"))

    handle = act.invoke()
    crew().work()
    assert "canary" not in str(handle.result(timeout=0))
