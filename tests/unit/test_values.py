"""Text to value and the rules for values: every row of the bad-input matrix that concerns JSON itself."""

import enum
import json
from decimal import Decimal

import pytest

from actions import values
from actions.errors import InvalidInput
from actions.values import Limits


def refused(act, *args, **kwargs):
    with pytest.raises(InvalidInput) as caught:
        act(*args, **kwargs)
    fault = caught.value
    assert fault.problems[0].code == fault.code
    # What is said of hostile input must itself be fit for a page, a log and a database.
    (fault.message + fault.path).encode()
    assert "\0" not in fault.message + fault.path
    assert len(fault.message) < 300
    return fault


# Text


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"", 1, 1),
        (b" \n ", 1, 1),
        (b"hello", 1, 1),
        (b'{"a": 1', 1, 8),
        (b'{"a": 1,\n "b": ', 2, 7),
        (b'{"a": "cut', 1, 7),
        (b'{"a": [1, 2', 1, 12),
        (b"{'a': 1}", 1, 2),
        (b'{"a" 1}', 1, 6),
        (b'{"a": 1,}', 1, 9),
        (b"[1,]", 1, 4),
        (b"[1 2]", 1, 4),
        (b"[01]", 1, 3),
        (b"[+1]", 1, 2),
        (b"[1.]", 1, 3),
        (b"[.5]", 1, 2),
        (b"[0x10]", 1, 3),
        (b"[nan]", 1, 2),
        (b"[truely]", 1, 6),
        (b'{"a": 1} {"b": 2}', 1, 10),
        (b'{"a": 1} // why', 1, 10),
        (b'["\\x41"]', 1, 3),
        (b'["\\u12"]', 1, 4),
        (b'{"a":1}\x00\x00', 1, 8),
        (b"[1,\xc2\xa02]", 1, 4),
    ],
)
def test_text_that_is_not_json_is_refused_with_its_place(raw, line, column):
    """B01"""
    fault = refused(values.parse, raw)
    assert fault.code == "invalid_json"
    assert f"line {line}, column {column}" in fault.message


@pytest.mark.parametrize("raw", ["[]", "null", '"x"', "5", "true", "1.5"])
def test_a_body_must_be_an_object(raw):
    """B02"""
    fault = refused(values.parse_object, raw)
    assert fault.code == "invalid_body"
    assert "must be a JSON object" in fault.message


def test_an_object_is_returned_as_sent():
    assert values.parse_object(b' {"b": [1, 2.5, "x"], "a": {"c": null, "d": true}} ') == {
        "b": [1, 2.5, "x"],
        "a": {"c": None, "d": True},
    }


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xc0\x80"}',
        b'\xef\xbb\xbf{"a": 1}',
        '\ufeff{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-16-be"),
        '{"a": 1}'.encode("utf-32"),
        '{"a": 1}'.encode("utf-32-be"),
        '{"a": "é"}'.encode("latin-1"),
    ],
)
def test_only_utf_8_without_mark_is_read(raw):
    """B04"""
    assert refused(values.parse, raw).code == "invalid_encoding"


@pytest.mark.parametrize("unit", ["a", "é", "😀"])
@pytest.mark.parametrize("encode", [str, str.encode])
def test_size_counts_bytes_as_sent(unit, encode):
    """B05"""
    limits = Limits(max_bytes=100)
    fits = '"' + unit * (98 // len(unit.encode())) + '"'
    assert values.parse(encode(fits), limits=limits) == fits[1:-1]
    fault = refused(values.parse, encode(fits[:-1] + unit + '"'), limits=limits)
    assert fault.code == "payload_too_large"
    assert "100 bytes" in fault.message


def test_size_of_a_decoded_value_is_that_of_its_compact_json():
    """B05"""
    value = {"a": ["\x01é", 1.5, None]}
    size = len(values.dumps(value).encode())
    values.check(value, limits=Limits(max_bytes=size))
    assert refused(values.check, value, limits=Limits(max_bytes=size - 1)).code == "payload_too_large"
    # The same huge string many times: refused without being written out.
    assert refused(values.check, ["x" * 65_536] * 9_000).code == "payload_too_large"


@pytest.mark.parametrize(
    "raw", ["[" * 3_000, "[" * 3_000 + "]" * 3_000, '{"a":' * 3_000, '[{"a":' * 1_500, "[" * 200_000]
)
def test_depth_is_refused_at_once(raw):
    """B06: before the end is looked for, which most of these lack."""
    assert refused(values.parse, raw).code == "too_deep"


def test_depth_counts_containers():
    """B06"""
    for deep, raw in [(32, "[" * 32 + "]" * 32), (32, "[" * 32 + "1" + "]" * 32)]:
        value = values.parse(raw)
        values.check(value)
        assert refused(values.parse, f"[{raw}]").path == "[0]" * deep
        assert refused(values.check, [value]).path == "[0]" * deep


def test_a_cycle_is_too_deep_or_too_many():
    """B06"""
    ring: list = []
    ring.append(ring)
    assert refused(values.check, ring).code == "too_deep"
    wide: list = []
    wide.extend([wide] * 200)
    assert refused(values.check, wide).code == "too_many_values"


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({f"k{n}": n for n in range(100_000)}),
        json.dumps(["x"] * 100_000),
        json.dumps([[]] * 100_000),
        json.dumps([{"a": {"b": 1.5}}] * 100_000),
    ],
    ids=["keys", "strings", "lists", "objects"],
)
def test_reading_stops_at_one_value_too_many(raw):
    """B07: what comes after it is not even looked at, else it would be refused as no JSON at all."""
    assert refused(values.parse, f"{raw}}}", limits=Limits(max_bytes=50_000_000)).code == "too_many_values"
    assert (
        refused(values.parse, f"{raw}}}", limits=Limits(max_bytes=50_000_000, nodes=9_000_000)).code == "invalid_json"
    )


def test_values_are_counted_at_all_levels_and_keys_are_not():
    """B07"""
    value = {"a": [1, 2], "b": {"c": None}}
    for act, given_value in [(values.parse, json.dumps(value)), (values.check, value)]:
        act(given_value, limits=Limits(nodes=6))
        assert refused(act, given_value, limits=Limits(nodes=5)).code == "too_many_values"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"": 1, "": 2}', '[""]'),
        ('{"items": [1, {"b": 1}, {"name": 1, "x": {"name": 2}, "name": 3}]}', "items[2].name"),
        ('{"x y": {"k": [[{"a.b": 1, "a.b": 1}]]}}', '["x y"].k[0][0]["a.b"]'),
    ],
)
def test_a_duplicate_key_is_named(raw, path):
    """B08"""
    fault = refused(values.parse, raw)
    assert (fault.code, fault.path) == ("duplicate_key", path)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "-NaN"])
def test_numbers_that_are_none_are_refused(word):
    """B09"""
    fault = refused(values.parse, f'{{"a": [0, {word}]}}')
    assert (fault.code, fault.path) == ("invalid_number", "a[1]")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused_in_values(number):
    """B09"""
    fault = refused(values.check, {"a": [0, number]})
    assert (fault.code, fault.path) == ("invalid_number", "a[1]")


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740992.0",
        "9.1e15",
        "1e16",
        "1e308",
        "1e400",
        "-1e400",
        "9" * 33,
        "9" * 5_000,
        "0." + "1" * 40,
        "9" * 200_000,
        "1e" + "9" * 25,
    ],
)
def test_numbers_out_of_range_are_refused(number):
    """B10"""
    fault = refused(values.parse, f'{{"n": {{"x": {number}}}}}')
    assert (fault.code, fault.path) == ("number_out_of_range", "n.x")
    assert "as a string" in fault.message


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**5_000, 1e16, -1e308], ids=range(5))
def test_numbers_out_of_range_are_refused_in_values(number):
    """B10"""
    fault = refused(values.check, {"n": {"x": number}})
    assert (fault.code, fault.path) == ("number_out_of_range", "n.x")


def test_numbers_up_to_the_largest_are_taken():
    """B10"""
    for number in (
        "9007199254740991",
        "-9007199254740991",
        "9007199254740991.0",
        "1e15",
        "0.1",
        "-0",
        "5e-324",
    ):
        assert values.parse(number) == json.loads(number)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"a": ["x\\u0000y"]}', "a[0]"),
        ('{"a": {"x\\u0000y": 1}}', 'a["x\\u0000y"]'),
        ('{"a": "x\0y"}', "a"),
        ('{"a": "x\ty"}', "a"),
        ('{"a": "x\x1fy"}', "a"),
        ('{"a": {"b\nc": 1}}', "a"),
    ],
)
def test_nul_and_raw_control_characters_are_refused(raw, path):
    """B11"""
    for form in (raw, raw.encode()):
        fault = refused(values.parse, form)
        assert (fault.code, fault.path) == ("nul_not_allowed", path)


@pytest.mark.parametrize(("value", "path"), [({"a": ["x\0"]}, "a[0]"), ({"a": {"x\0": 1}}, 'a["x\\u0000"]')])
def test_nul_is_refused_in_values(value, path):
    """B11"""
    fault = refused(values.check, value)
    assert (fault.code, fault.path) == ("nul_not_allowed", path)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"a": ["\\ud800"]}', "a[0]"),
        ('{"a": ["\\udc00\\ud800"]}', "a[0]"),
        ('{"a": ["x", "\ud800"]}', "a[1]"),
        ('{"a": {"\\udfff": 1}}', 'a["\\udfff"]'),
    ],
)
def test_half_a_surrogate_pair_is_refused(raw, path):
    """B12"""
    fault = refused(values.parse, raw)
    assert (fault.code, fault.path) == ("invalid_unicode", path)
    fault = refused(values.check, json.loads(raw))
    assert (fault.code, fault.path) == ("invalid_unicode", path)


def test_a_whole_surrogate_pair_is_a_character():
    """B12"""
    assert values.parse('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("unit", ["a", "é", "😀"])
def test_long_strings_and_keys_are_refused(unit):
    longest = unit * (65_536 // len(unit.encode()))
    values.check([longest, {unit * 256: 1}])
    fault = refused(values.check, {"a": [longest + unit]})
    assert (fault.code, fault.path) == ("string_too_long", "a[0]")
    fault = refused(values.parse, json.dumps({"a": [{unit * 257: 1}]}))
    assert fault.code == "key_too_long"
    assert fault.path.startswith('a[0]["')
    assert len(fault.path) < 1_000


@pytest.mark.parametrize("key", ["__proto__", "constructor", "", "a.b", "x[0]", "'; DROP", "{{7*7}}", "%s"])
def test_odd_keys_and_texts_round_trip(key):
    """B16, B17, B18"""
    value = {key: [key, "<script>", "\u202e", "😀"]}
    assert values.parse_object(values.dumps(value)) == value


class Colour(enum.StrEnum):
    RED = "red"


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "path", "named"),
    [
        ({"a": (1, 2)}, "a", "tuple"),
        ({"a": [{1, 2}]}, "a[0]", "set"),
        ({"a": b"x"}, "a", "bytes"),
        ({"a": Decimal("1.5")}, "a", "decimal.Decimal"),
        ({"a": Colour.RED}, "a", "Colour"),
        ({"a": [0, Name("x")]}, "a[1]", "Name"),
        ({"a": {1: 2}}, "a", "a number"),
        ({"a": {Colour.RED: 2}}, "a", "Colour"),
        ({None: 2}, "", "null"),
        (object(), "", "object"),
    ],
)
def test_values_that_are_not_plain_json_are_named(value, path, named):
    fault = refused(values.check, value)
    assert (fault.code, fault.path) == ("not_json", path)
    assert named in fault.message


def test_true_and_one_stay_apart():
    """B15"""
    value = values.parse('[true, 1, 1.0, "1"]')
    assert [type(item) for item in value] == [bool, int, float, str]
