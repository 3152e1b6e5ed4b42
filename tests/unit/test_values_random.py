"""The rules for JSON against thousands of generated texts and values, and the generators themselves."""

import json

from hypothesis import given
from hypothesis import strategies as st

from actions import values
from actions.errors import InvalidInput
from tests.unit.test_values import refused

LARGEST = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.floats(-LARGEST, LARGEST, allow_nan=False) | texts
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@given(trees)
def test_what_is_taken_comes_back_and_breaks_no_rule(value):
    for text in (json.dumps(value), values.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        back = values.parse(text.encode())
        assert values.dumps(back) == values.dumps(value)
        assert values.parse(text) == back
    values.check(value)


@given(st.text() | st.text(st.sampled_from('{}[]",:\\u0n1eE+-. \n\0\x01dtrueNaN\ud800é'), max_size=30))
def test_any_text_is_read_as_json_reads_it_or_refused(text):
    """B01: no other exception than InvalidInput, and nothing taken that the standard library refuses."""
    try:
        expected = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refused(values.parse, text)
        return
    try:
        value = values.parse(text)
    except InvalidInput as fault:
        assert fault.code not in {"invalid_json", "invalid_encoding"}
    else:
        assert json.dumps(value) == json.dumps(expected)


def _no_constant(word):
    raise ValueError(word)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw):
    try:
        values.parse(raw)
    except InvalidInput as fault:
        assert fault.code


mixed = st.recursive(
    scalars | st.text(max_size=5) | st.floats() | st.integers() | st.just(()) | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=12,
)


@given(mixed)
def test_check_takes_exactly_what_a_plain_reading_of_the_rules_takes(value):
    """The shortcuts of the hot path decide as the rules do, written down here once more without any."""
    try:
        plain = values.check(value)
    except InvalidInput:
        assert not _is_json(value)
    else:
        assert _is_json(value)
        assert plain == _is_plain(value)


def _is_json(value):
    if type(value) is dict:
        return all(type(key) is str and _is_json(key) for key in value) and all(map(_is_json, value.values()))
    if type(value) is list:
        return all(map(_is_json, value))
    if type(value) is str:
        return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    return value is None or type(value) is bool or (type(value) in {int, float} and abs(value) <= LARGEST)


def _is_plain(value):
    if type(value) is dict:
        return all(key.isascii() for key in value) and all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if type(value) is list else type(value) is not float
