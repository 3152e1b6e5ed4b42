"""The log's sentences: one for every event that the code logs, and none that cannot be said."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from doplatform import paths, sentences

_LEVELS = {"info", "warning", "error"}
_COMPOSED = {"execution_failed", "execution_retrying", "execution_in_doubt", "execution_queued", "redis_away"}


def logged() -> dict[str, set[str]]:
    """Every event that a log call names, with the fields that it gives."""
    events: dict[str, set[str]] = {}
    for folder in ("actions", "doplatform"):
        for file in sorted((paths.BASE / folder).rglob("*.py")):
            events |= _calls(file)
    return events


def _calls(file: Path) -> dict[str, set[str]]:
    return {
        str(call.args[0].value): {word.arg or "" for word in call.keywords}
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in _LEVELS
        and getattr(call.func.value, "id", "") == "log"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_event_has_its_sentence_and_every_sentence_its_event():
    assert set(sentences.SENTENCES) == set(logged()) | _COMPOSED


@pytest.mark.parametrize(("event", "given"), logged().items())
def test_a_sentence_asks_for_nothing_that_its_event_does_not_say(event, given):
    asked = {name for _, name, _, _ in Formatter().parse(sentences.SENTENCES[event]) if name}
    assert asked <= given | {"process"}


def test_only_the_first_line_of_a_message_and_times_as_people_say_them():
    said = sentences.say(
        "execution_retrying",
        {"action": "a", "execution": "exec_1", "attempt": 2, "delay": 3500.0, "message": "refused\n\tIs it running?"},
    )
    assert said == "a exec_1, attempt 2, tries again in 58 min: refused"


def test_what_has_no_sentence_is_said_as_it_is():
    assert sentences.say("Booting worker", {"pid": 7, "_record": object()}) == "Booting worker pid=7"
