"""What is suggested where the cursor stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.queries.search import parse
from actions.queries.search.suggest import Names, suggest
from actions.states import Status

KNOWN = Names(
    (("send-mail", "Sends."), ("send-letter", ""), ("resend", "")), ("default", "mail"), ("big tag", "nightly")
)


def texts(text, cursor=None):
    return [one.text for one in suggest(text, len(text) if cursor is None else cursor, KNOWN)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", ["action:", "actor:", "after:"]),
        ("-ac", ["-action:", "-actor:"]),
        ("stat", ["state:"]),
        ("param", ["input."]),
        ("state:failed q", ["queue:"]),
        ("state:f", ["failed"]),
        ("state:failed,in_", ["in_doubt"]),
        ("action:send", ["send-mail", "send-letter", "resend"]),
        ("queue:", ["default", "mail"]),
        ("tag:b", ['"big tag"']),
        ("trigger:api", ["api_key"]),
        ("is", ["is:"]),
        ("is:", ["late", "open", "handled"]),
        ("nothing:x", []),
        ("zzz", []),
        ("action:\0", []),
    ],
)
def test_suggested(text, found):
    assert texts(text) == found


def test_an_empty_box_offers_fields_and_a_state_all_statuses():
    assert texts("")[:3] == ["state:", "action:", "queue:"]
    assert texts("state:") == list(Status)


def test_a_suggestion_replaces_what_was_typed():
    text = "queue:mail state:fai action:x"
    (one,) = suggest(text, text.index(" action"), KNOWN)
    assert text[: one.start] + one.text + text[one.end :] == "queue:mail state:failed action:x"
    assert parse(text[: one.start] + one.text + text[one.end :])


@given(st.text(st.sampled_from('state:fq,"-. \\\0')), st.integers(-5, 50))
def test_anything_typed_is_taken(text, cursor):
    for one in suggest(text, cursor, KNOWN):
        assert 0 <= one.start <= one.end <= len(text)
