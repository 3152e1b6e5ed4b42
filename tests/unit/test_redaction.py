"""What REDACT_KEYS and REDACT hide, judged alone."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from actions import redaction
from actions.values.redaction import Rule

DOTS = "••••"


@pytest.mark.parametrize(
    ("entry", "value", "shown"),
    [
        ("iban", {"IBAN": "x", "iban_of": "y"}, {"IBAN": DOTS, "iban_of": "y"}),
        ("Customer.Iban", {"customer": {"iban": "x"}, "iban": "y"}, {"customer": {"iban": DOTS}, "iban": "y"}),
        ("customer.iban", {"order": {"customer": {"iban": "x"}}}, {"order": {"customer": {"iban": DOTS}}}),
        ("customer.iban", {"customer": {"bank": {"iban": "x"}}}, {"customer": {"bank": {"iban": "x"}}}),
        ("cards.*.number", {"cards": [{"number": 1}, {"no": 2}]}, {"cards": [{"number": DOTS}, {"no": 2}]}),
        ("cards.*.number", {"cards": {"mine": {"number": 1}}}, {"cards": {"mine": {"number": DOTS}}}),
        ("cards.number", {"cards": [{"number": 1}]}, {"cards": [{"number": DOTS}]}),
        ("customer.*", {"customer": {"name": "x", "bank": {"iban": "y"}}}, {"customer": {"name": DOTS, "bank": DOTS}}),
        ("bank", {"bank": {"iban": "x"}, "n": None}, {"bank": DOTS, "n": None}),
        ("iban", {"password": "always", "n": 1}, {"password": DOTS, "n": 1}),
    ],
)
def test_keys_and_paths(entry: str, value: Any, shown: Any):
    before = repr(value)
    assert Rule.of([entry]).redact(value) == shown
    assert repr(value) == before


@pytest.mark.parametrize("entry", ["", "*", "*.*", "a..b", ".a", "a.", "car*", "a b. c", " a"])
def test_what_is_no_key_is_refused(entry: str):
    with pytest.raises(ValueError, match=r"hide everything|neither a key nor a path"):
        Rule.of([entry])


def test_the_function_is_asked_once_for_each_value_that_no_key_hides():
    asked: list[Any] = []

    def judge(path: tuple[str, ...], value: Any) -> bool:
        asked.append((path, value))
        return value == "DE89"

    rule = Rule.of(["secret_plan"], judge)
    value = {"a": ["DE89", 2], "secret_plan": {"b": 1}, "empty": {}, "none": None}
    assert rule.redact(value) == {"a": [DOTS, 2], "secret_plan": DOTS, "empty": {}, "none": None}
    assert asked == [(("a", "0"), "DE89"), (("a", "1"), 2), (("none",), None)]
    assert rule.redact("DE89") == DOTS


def raises(path: tuple[str, ...], value: Any) -> bool:
    raise RuntimeError(f"canary {value}")


def says_nothing(path: tuple[str, ...], value: Any) -> Any:
    return None


@pytest.mark.parametrize("name", ["raises", "says_nothing", "not_there"])
def test_a_function_that_fails_hides_everything_and_is_logged_once(settings, name):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "REDACT": f"{__name__}.{name}"}
    redaction._rule.cache_clear()
    with capture_logs() as logs:
        assert redaction.hide({"a": "canary", "b": [1]}) == {"a": DOTS, "b": [DOTS]}
        assert redaction.hide("canary") == DOTS
    assert [line["event"] for line in logs] == ["redaction_failed"]
    assert "canary" not in str(logs)


def test_texts_of_what_is_hidden_are_found_and_blotted_out():
    found = redaction.texts({"token": ["abcd", {"x": "abcdefgh"}, 123456, True, "no"], "open": "seen"})
    assert found == ["abcd", "abcdefgh", "123456"]
    line = {"text": "abcdefgh is 123456", "fields": {"of": "abcd", "api_key": "k"}}
    assert redaction.lines([line], found) == [
        {"text": f"{DOTS} is {DOTS}", "fields": {"of": DOTS, "api_key": DOTS}},
    ]
