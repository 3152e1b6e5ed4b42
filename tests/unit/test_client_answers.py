"""Whatever an answer holds, the SDK reads it or raises one of its own errors, and never anything else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions import errors as platform
from actions.client import answers, errors
from actions.client.console import speech
from actions.client.known import Told
from actions.client.outcome import outcome_of
from actions.client.wire import Answer, Request

REQUEST = Request("POST", "actions/mail/executions", key="key-1")
texts = st.text("aé \n\x1b\x7f\x9b\u202e\ud800\U0001f600", max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
members = st.sampled_from(
    ["id", "status", "code", "detail", "title", "errors", "request_id", "error", "items", "next", "path"]
)
documents = st.dictionaries(members, anything | st.lists(st.dictionaries(members, anything, max_size=3), max_size=3))
statuses = st.integers(100, 599)


def reads(status, content):
    return answers.read(Answer(status, {}, content), REQUEST, "https://do.example")


@settings(deadline=None)
@given(statuses, st.binary(max_size=20) | documents.map(lambda one: json.dumps(one).encode()))
def test_any_answer(status, content):
    try:
        found = reads(status, content)
    except errors.DoError as error:
        assert error.idempotency_key == "key-1"
        assert error.message and error.code
        json.dumps(error.as_dict())
    else:
        assert 200 <= status < 300
        assert isinstance(found, dict)


@settings(deadline=None)
@given(documents)
def test_any_execution(document):
    try:
        told = Told(answers.execution(document))
    except errors.UnreadableAnswer:
        assert not isinstance(document.get("id"), str) or not isinstance(document.get("status"), str)
        return
    outcome = outcome_of(told)
    assert (outcome.error is None) is (told.status == "succeeded")
    if outcome.error is not None:
        assert isinstance(outcome.error.message, str)
        assert isinstance(outcome.error.class_name, str)


@settings(deadline=None)
@given(documents, st.sampled_from(["items", "errors"]))
def test_any_list(document, name):
    try:
        assert all(isinstance(one, dict) for one in answers.entries(document, name))
    except errors.UnreadableAnswer:
        assert not isinstance(document.get(name), list) or not all(isinstance(one, dict) for one in document[name])


@given(anything)
def test_what_is_printed_is_json_that_no_terminal_obeys(value):
    printed = speech.document(value)
    assert all(one.isprintable() or one == "\n" for one in printed)
    assert json.loads(printed) == json.loads(json.dumps(value)) or "NaN" in printed


@given(texts)
def test_lines_stay_lines(text):
    assert speech.plain(text).isprintable() or not speech.plain(text)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_json", errors.BadRequest),
        (401, "unauthenticated", errors.Unauthenticated),
        (403, "forbidden", errors.Forbidden),
        (404, "not_found", errors.NotFound),
        (404, "action_not_found", errors.ActionNotFound),
        (404, "execution_not_found", errors.ExecutionNotFound),
        (409, "not_retryable", errors.NotRetryable),
        (409, "failure_consumed", errors.NotRetryable),
        (409, "something_new", errors.Conflict),
        (413, "payload_too_large", errors.BadRequest),
        (422, "idempotency_key_reused", errors.IdempotencyConflict),
        (422, "something_new", errors.InvalidInput),
        (429, "rate_limited", errors.RateLimited),
        (418, "teapot", errors.ApiError),
        (500, "internal_error", errors.ServerError),
        (503, "unavailable", errors.Unavailable),
        (599, "", errors.ServerError),
    ],
)
def test_every_code_has_its_class(status, code, kind):
    with pytest.raises(errors.ApiError) as caught:
        reads(status, json.dumps({"code": code, "detail": "So."}).encode())
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.message) == (code or "http_599", "So.")


def test_the_codes_are_those_of_the_platform():
    known = {kind.code for kind in vars(platform).values() if isinstance(kind, type) and hasattr(kind, "code")}
    assert set(answers.BY_CODE) - known - {"invalid_params"} == set()
