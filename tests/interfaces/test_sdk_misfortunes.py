"""Do and AsyncDo when something goes wrong on the way: what is asked again, how often, and what is said in the end."""

import time

import pytest

from actions.client import (
    AlreadyFinished,
    ConnectionFailed,
    ExecutionInDoubt,
    NotFound,
    RateLimited,
    RequestTimeout,
    ResultTimeout,
    ServerError,
    Unavailable,
    UnreadableAnswer,
)
from tests.interfaces.sdk_shells import ADA, NAME, ask, execute, server
from tests.interfaces.stand_in import (
    ID,
    accepted,
    cut,
    cut_within,
    done,
    dripping,
    execution,
    problem,
    raw,
    says,
    silent,
)

__all__ = ["ask", "server"]


@pytest.mark.parametrize("misfortune", [cut, cut_within], ids=["before the answer", "within the answer"])
def test_a_cut_connection_asks_again_under_the_same_key(server, ask, misfortune):
    server.plays(misfortune, misfortune, says(execution(), Idempotent_Replayed="true"), done(1))
    assert ask(execute).result == 1
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1
    first, second, third, _ = server.asked
    assert first.body == second.body == third.body


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_not_now_asks_again_under_the_same_key(server, ask, status):
    server.plays(problem(status, "not_now"), accepted(), done(1))
    assert ask(execute).result == 1
    assert len(set(server.keys)) == 1
    assert len(server.keys) == 2


def test_a_key_that_is_being_stored_is_asked_for_again(server, ask):
    server.plays(problem(409, "idempotency_in_progress", Retry_After="0"), accepted(), done(1))
    assert ask(execute).result == 1
    assert len(set(server.keys)) == 1


def test_retry_after_is_kept(server, ask):
    server.plays(problem(429, "rate_limited", Retry_After="1"), accepted())
    begun = time.monotonic()
    ask(lambda do: do.action(NAME).invoke(ADA))
    assert time.monotonic() - begun >= 1


def test_a_retry_after_beyond_the_time_given_is_not_waited_for(server, ask):
    server.plays(problem(429, "rate_limited", Retry_After="3600"))
    begun = time.monotonic()
    with pytest.raises(RateLimited):
        ask(lambda do: do.action(NAME).invoke(ADA), timeout=5)
    assert time.monotonic() - begun < 2


def test_tries_end(server, ask):
    server.plays(problem(503, "unavailable", Retry_After="0"))
    with pytest.raises(Unavailable):
        ask(lambda do: do.action(NAME).invoke(ADA), retries=2)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(500, "internal_error", ServerError), (409, "already_finished", AlreadyFinished)]
)
def test_other_refusals_are_not_asked_again(server, ask, status, code, kind):
    server.plays(problem(status, code))
    with pytest.raises(kind):
        ask(lambda do: do.executions.cancel(ID))
    assert len(server.asked) == 1


def test_waiting_never_asks_for_another_execution(server, ask):
    server.plays(accepted(), cut, says(execution("running")), problem(503, "unavailable"), cut_within, done(3))
    assert ask(execute).result == 3
    assert [one.method for one in server.asked] == ["POST", *["GET"] * 5]
    assert {one.path for one in server.asked[1:]} == {f"/api/v1/executions/{ID}"}


def test_what_has_not_ended_in_time_is_an_error_with_its_id(server, ask):
    server.plays(accepted(), says(execution("running")))
    outcome = ask(lambda do: execute(do, timeout=0.3))
    assert isinstance(outcome.error, ResultTimeout)
    assert (outcome.id, outcome.status, outcome.error.state) == (ID, "running", "running")
    assert "0.3 s" in outcome.error.message
    # It breathes between two looks, where the platform does not wait by itself.
    assert len(server.asked) <= 5


def test_a_server_that_never_answers(server, ask):
    server.plays(silent)
    begun = time.monotonic()
    with pytest.raises(RequestTimeout) as caught:
        ask(lambda do: do.action(NAME).invoke(ADA), timeout=0.4)
    assert time.monotonic() - begun < 1.5
    assert server.keys[0] == caught.value.idempotency_key
    assert server.keys[0] in caught.value.message


def test_an_answer_that_drips(server, ask):
    server.plays(dripping)
    begun = time.monotonic()
    with pytest.raises(RequestTimeout):
        ask(lambda do: do.executions.get(ID), timeout=0.4)
    assert time.monotonic() - begun < 1.5


def test_an_answer_without_end(server, ask, monkeypatch):
    monkeypatch.setattr("actions.client.losses.LARGEST_ANSWER", 100_000)
    server.plays(raw(b" " * 1_000_000))
    with pytest.raises(ConnectionFailed, match="larger than"):
        ask(lambda do: do.executions.get(ID))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"<html>hello</html>", b"[]", b'"text"', b"\xff\xfe", b'{"id": 3}', b'{"status": "queued"}', b"[" * 100_000]
)  # fmt: skip
def test_answers_that_make_no_sense(server, ask, content):
    server.plays(raw(content))
    outcome = ask(execute)
    assert isinstance(outcome.error, UnreadableAnswer)
    assert len(server.asked) == 1


def test_an_error_page_of_a_proxy(server, ask):
    server.plays(raw(b"<h1>nope</h1>", 418, X_Request_Id="edge-1"))
    with pytest.raises(Exception, match="418") as caught:
        ask(lambda do: do.executions.get(ID))
    assert (caught.value.code, caught.value.request_id) == ("http_418", "edge-1")


def test_redirects_are_not_followed_with_the_key(server, ask):
    server.plays(raw(b"", 307, Location="https://evil.example/"))
    with pytest.raises(Exception, match="307"):
        ask(lambda do: do.executions.get(ID))
    assert len(server.asked) == 1


def test_nobody_listens(server, ask):
    server.plays(done())
    server.close()
    with pytest.raises(ConnectionFailed) as caught:
        ask(lambda do: do.action(NAME).invoke(ADA), retries=1)
    assert "may have been taken" not in caught.value.message


def test_doubt_is_no_failure(server, ask):
    error = {"code": "in_doubt", "class": "InDoubt", "message": "no reply"}
    server.plays(accepted(), says(execution("in_doubt", error=error)))
    assert isinstance(ask(execute).error, ExecutionInDoubt)


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "a?b", "a b", "é", "x" * 200, "\x00", None])
def test_what_can_be_no_name_is_not_sent(server, ask, name):
    server.plays(done())
    with pytest.raises(NotFound):
        ask(lambda do: do.executions.get(name))
    assert isinstance(ask(lambda do: do.action.execute(name=name)).error, NotFound)
    assert server.asked == []


@pytest.mark.parametrize("value", [float("nan"), object(), b"x", "\ud800", {1, 2}])
def test_what_is_no_json_is_not_sent(server, ask, value):
    server.plays(done())
    assert ask(lambda do: do.action.execute(NAME, {"v": value})).error.code == "not_json"
    assert server.asked == []
