"""Canonical bytes, fingerprints, and what is shown of secrets."""

import hashlib
import hmac
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from actions import values
from actions.errors import InvalidInput
from tests.unit.test_values_random import texts, trees

plain_trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0")), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(plain_trees)
def test_the_short_way_gives_the_library_s_bytes(value):
    assert values.check(value) is True
    assert values.canonical(value) == rfc8785.dumps(value)


@given(trees)
def test_the_long_way_gives_the_library_s_bytes(value):
    assert values.canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 1.0}, '{"a":1,"b":1}'),
        ([1.0, 1e15, 0.1, -0.0, 1e-7, 0.000001], "[1,1000000000000000,0.1,0,1e-7,0.000001]"),
        # RFC 8785 sorts by UTF-16 units: U+1F600 (D83D …) before U+FB33, code points do not.
        ({"\ufb33": 1, "😀": 2, "a": 3}, '{"a":3,"😀":2,"\ufb33":1}'),
        ({"a": 'é"\\\n\x01\x7f/'}, '{"a":"é\\"\\\\\\n\\u0001\x7f/"}'),
        ({"Z": 1, "a": 2, "": 3, "_": 4}, '{"":3,"Z":1,"_":4,"a":2}'),
        ("x", '"x"'),
        (None, "null"),
    ],
)
def test_canonical_form(value, expected):
    assert values.canonical(value) == expected.encode()


@given(trees, st.randoms())
def test_order_whitespace_and_spelling_do_not_change_a_fingerprint(value, random):
    """B22"""
    shuffled = values.parse(json.dumps(_shuffled(value, random), indent=3))
    assert values.fingerprint(shuffled, None) == values.fingerprint(value, None)


def _shuffled(value, random):
    if isinstance(value, dict):
        members = [(key, _shuffled(member, random)) for key, member in value.items()]
        random.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        return [_shuffled(member, random) for member in value]
    return float(value) if type(value) is int else value


@given(trees, st.none() | texts, st.none() | st.binary(min_size=1, max_size=64))
def test_a_fingerprint_is_the_hash_of_the_canonical_envelope(params, available_at, key):
    whole = rfc8785.dumps({"params": params, "available_at": available_at})
    expected = hmac.new(key, whole, "sha256") if key else hashlib.sha256(whole)
    checked = values.check_and_fingerprint(params, available_at, key=key)
    assert checked.fingerprint == values.fingerprint(params, available_at, key=key) == expected.hexdigest()


def test_a_fingerprint_stays_what_it_was():
    """Fingerprints are stored, so a change of the envelope would make every replayed key a conflict."""
    assert values.fingerprint({"n": 5, "text": "hello"}, None) == (
        "e986fc3fd42473a0d12121cd1bad30358bf1d3fef4592f2a4a51c196c755eded"
    )


@given(st.lists(trees, min_size=2, max_size=2))
def test_different_params_have_different_fingerprints(pair):
    same = rfc8785.dumps(pair[0]) == rfc8785.dumps(pair[1])
    assert (values.fingerprint(pair[0], None) == values.fingerprint(pair[1], None)) is same


def test_absent_and_given_times_key_and_no_key_differ():
    prints = {
        values.fingerprint({}, None),
        values.fingerprint({}, "null"),
        values.fingerprint({}, "2030-01-01T00:00:00Z"),
        values.fingerprint({}, None, key=b"k"),
        values.fingerprint({}, None, key=b"l"),
    }
    assert len(prints) == 5


@given(trees)
def test_the_text_to_store_keeps_types_and_values(value):
    back = values.parse(values.check_and_fingerprint(value).text)
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_what_breaks_a_rule_has_no_fingerprint():
    for params, available_at, path in [
        ({"a": "\0"}, None, "a"),
        ({}, "\0", "available_at"),
        ({}, "\ud800", "available_at"),
    ]:
        with pytest.raises(InvalidInput) as caught:
            values.check_and_fingerprint(params, available_at)
        assert caught.value.path == path


def test_limits_reach_every_entry():
    small = values.Limits(max_bytes=10)
    for act in (values.canonical, values.check, values.check_and_fingerprint):
        with pytest.raises(InvalidInput, match="10 bytes"):
            act({"a": "123456789"}, limits=small)
    large = values.Limits(max_bytes=1_000_000, string=500_000)
    assert len(values.check_and_fingerprint({"a": "x" * 400_000}, limits=large).text) == 400_008


@pytest.mark.parametrize(
    "name",
    ["password", "DB_PASSWORD", "accessToken", "client-secret", "apikey", "API-Key", "api_key", "Set-Cookie"],
)
def test_values_of_sensitive_names_are_dotted(name):
    """S-12"""
    value = {"a": [{name: {"deep": "canary"}}, ({name: "canary"},)], "n": 1}
    before = repr(value)
    assert values.redact(value) == {"a": [{name: "••••"}, ({name: "••••"},)], "n": 1}
    assert repr(value) == before


def test_redact_takes_any_value_and_ends():
    ring: dict = {}
    ring["ring"] = ring
    assert "••••" in repr(values.redact(ring))
    odd = object()
    assert values.redact({1: odd, None: b"x"}) == {1: odd, None: b"x"}
