"""action(...)(some.module.function): what was there before becomes an action, and is not touched."""

import math
import operator
import textwrap
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from actions import action
from actions.definitions.registry import registry
from actions.errors import InvalidDefinition
from tests.app import plain
from tests.stage import column

PRINTER = plain.Printer("#")


@pytest.fixture
def wrap(declare: Any) -> Any:
    """Wraps, and forgets after the test."""
    return lambda function: declare("wrapped")(function)


@pytest.mark.parametrize(
    ("function", "params", "result", "description"),
    [
        (plain.price, {"amount": Decimal(10)}, "12.00", "The price with tax."),
        (partial(plain.price, rate=Decimal(1)), {"amount": Decimal(10)}, "20", "The price with tax."),
        (partial(plain.price, Decimal(5)), {"rate": Decimal(1)}, "10", "The price with tax."),
        (partial(partial(plain.price, round_up=True), Decimal("5.1")), {}, "6", "The price with tax."),
        (plain.later, {"text": "a"}, "A", "The text, in its own time."),
        (partial(plain.later, "b"), {}, "B", "The text, in its own time."),
        (plain.cached, {"n": 2}, 4, "Twice the number."),
        (PRINTER.show, {"text": "a"}, "#a", "The text with this printer's mark."),
        (plain.Printer.kind, {"text": "a"}, "Printer:a", "The text with the printer's kind."),
        (plain.Printer.plain, {"text": "a"}, "a", ""),
        (PRINTER, {"text": "a"}, "#aa", "The text, twice."),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_function_that_was_there_before(
    wrap: Any, crew: Any, function: Any, params: dict[str, Any], result: Any, description: str
):
    declared = wrap(function)
    handle = declared.invoke(**params)
    assert crew().work() == 1
    assert (column(handle, "status"), column(handle, "result")) == ("succeeded", result)
    assert declared.description == description
    assert declared.place.startswith("tests.app.plain.")
    assert declared.handler is function


def test_what_a_partial_was_given_is_nobodys_to_choose(wrap: Any):
    declared = wrap(partial(plain.price, rate=Decimal(1)))
    assert declared.params.fields == ["amount", "round_up"]
    with pytest.raises(Exception, match="rate"):
        declared.invoke(amount=Decimal(1), rate=Decimal(0))


def test_the_function_stays_what_it_was(wrap: Any):
    before = dict(vars(plain.price))
    declared = wrap(plain.price)
    assert vars(plain.price) == before
    assert declared(Decimal(10)) == plain.price(Decimal(10))


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (len, "every param needs a name and a type of its own"),
        (print, "every param needs a name and a type of its own"),
        (math.hypot, "does not say what it takes"),
        (operator.itemgetter(1), "is no function"),
        (textwrap.shorten, "param text has no type hint"),
        (plain.untyped, "param a has no type hint"),
        (plain.Printer, "is no function"),
        (plain.Printer.show, "param self has no type hint"),
        (dict, "is no function"),
        (7, "is no function"),
        (partial(math.hypot, 3), "does not say what it takes"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_an_action_is_refused_in_a_sentence(function: Any, why: str):
    before = len(registry)
    with pytest.raises(InvalidDefinition, match=why):
        action("wrapped-refused")(function)
    assert len(registry) == before


def test_a_lambda_needs_a_name():
    with pytest.raises(InvalidDefinition, match="a name has 1 to 100 characters"):
        action(lambda: None)
