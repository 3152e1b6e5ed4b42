"""Params and result schemas from type hints."""

from datetime import date
from typing import Annotated, Any

import pydantic
import pytest

from actions import Context, InvalidParams, Redacted
from actions.definitions.schema import Params, Result
from actions.errors import InvalidDefinition, InvalidInput, ResultInvalid


class Address(pydantic.BaseModel):
    street: str
    door_code: Annotated[str, Redacted] = ""


def handler(context: Context, order: int, ship_on: date, to: Address, note: str = "none") -> int:
    return order


def test_the_context_is_not_a_param_and_order_is_that_of_the_signature():
    params = Params(handler, "unit")
    assert params.fields == ["order", "ship_on", "to", "note"]
    assert params.context == "context"
    assert "context" not in params.json_schema["properties"]
    assert params.json_schema["required"] == ["order", "ship_on", "to"]


def test_loading_gives_rich_values_and_defaults():
    loaded = Params(handler, "unit").load('{"order": 1, "ship_on": "2026-01-02", "to": {"street": "x"}}')
    assert loaded == {"order": 1, "ship_on": date(2026, 1, 2), "to": Address(street="x"), "note": "none"}


def test_all_faults_are_told_with_their_paths():
    with pytest.raises(InvalidParams) as caught:
        Params(handler, "unit").load('{"order": "1", "to": {"street": 2, "no": 3}, "more": 4}')
    assert {problem.path for problem in caught.value.problems} >= {"order", "ship_on", "to.street", "more"}


def test_no_fault_repeats_the_value_that_was_sent():
    def pay(card: Annotated[str, Redacted], pin: pydantic.SecretStr) -> None: ...

    with pytest.raises(InvalidParams) as caught:
        Params(pay, "unit").load('{"card": 42424242, "pin": 98769876}')
    assert "4242" not in str(caught.value)
    assert "9876" not in str(caught.value)


def test_secrets_are_found_wherever_they_stand_in_a_type():
    def pay(
        plain: str, marked: Annotated[str, Redacted], secret: pydantic.SecretStr, maybe: pydantic.SecretStr | None,
        many: list[pydantic.SecretStr], inside: Address, deep: dict[str, list[Address]],
    ) -> None: ...  # fmt: skip

    assert Params(pay, "unit").secret == {"marked", "secret", "maybe", "many", "inside", "deep"}


def test_secrets_are_encoded_in_clear_for_their_box():
    def pay(pin: pydantic.SecretStr, pins: list[pydantic.SecretStr], to: Address) -> None: ...

    pin = pydantic.SecretStr("1234")
    encoded = Params(pay, "unit").encode({"pin": pin, "pins": [pin, "5678"], "to": Address(street="x", door_code="77")})
    assert encoded == {"pin": "1234", "pins": ["1234", "5678"], "to": {"street": "x", "door_code": "77"}}


def test_what_is_no_json_is_refused_by_encode():
    with pytest.raises(InvalidInput) as caught:
        Params(handler, "unit").encode({"order": object()})
    assert caught.value.code == "not_json"


def untyped(a) -> None: ...  # type: ignore[no-untyped-def]


def starred(*a: int) -> None: ...


def keywords(**a: int) -> None: ...


def positional(a: int, /) -> None: ...


def reserved(priority: int) -> None: ...


def unresolved(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    "bad", [untyped, starred, keywords, positional, reserved, unresolved], ids=lambda bad: bad.__name__
)
def test_a_handler_that_cannot_be_called_by_name_and_type_is_no_action(bad: Any):
    with pytest.raises(InvalidDefinition) as caught:
        Params(bad, "unit")
    assert "unit" in caught.value.message


def test_a_result_without_annotation_is_any_json():
    def anything():  # type: ignore[no-untyped-def]
        ...

    assert Result(anything, "unit").dump({"a": [1]})[0] == '{"a":[1]}'


def test_no_result_is_none_and_not_the_text_null():
    assert Result(handler, "unit").dump(None) == (None, None)


@pytest.mark.parametrize("result", ["x", 1.5, [1]])
def test_a_result_of_another_type_is_refused(result: Any):
    with pytest.raises(ResultInvalid):
        Result(handler, "unit").dump(result)
