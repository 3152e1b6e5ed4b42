"""Do and AsyncDo against a server that plays the platform: what they ask, and what comes back."""

import asyncio
import inspect
import logging
import os
import re

import httpx
import pytest

from actions.client import (
    AsyncDo,
    ConfigurationError,
    ConnectionFailed,
    Do,
    ExecutionFailed,
    InvalidParams,
    Unauthenticated,
    UnreadableAnswer,
    awaiting,
    blocking,
)
from tests.interfaces.sdk_shells import ADA, NAME, ask, execute, server
from tests.interfaces.stand_in import (
    ID,
    KEY,
    accepted,
    cut,
    done,
    execution,
    failed,
    problem,
    says,
)

__all__ = ["ask", "server"]

V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


# What is asked, and what comes back


def test_a_result_and_no_error(server, ask):
    server.plays(accepted(), done({"message_id": "m-1"}))
    outcome = ask(execute)
    result, error = outcome
    assert (result, error, bool(outcome), outcome.id, outcome.status) == (
        {"message_id": "m-1"},
        None,
        True,
        ID,
        "succeeded",
    )
    start, look = server.asked
    assert (start.method, start.path) == ("POST", f"/api/v1/actions/{NAME}/executions")
    assert start.body == {"params": ADA}
    assert V7.fullmatch(start.headers["idempotency-key"])
    assert start.headers["authorization"] == f"Bearer {KEY}"
    assert re.fullmatch(r"doplatform-python/\S+ \(Python \S+\)", start.headers["user-agent"])
    assert (look.method, look.path) == ("GET", f"/api/v1/executions/{ID}")
    assert 0 < float(look.query["wait"][0]) <= 60


def test_a_failure_is_an_error_that_is_returned(server, ask):
    server.plays(accepted(), failed())
    outcome = ask(execute)
    result, error = outcome
    assert result is None
    assert not outcome
    assert isinstance(error, ExecutionFailed)
    assert (error.code, error.class_name, error.execution_id) == ("exception", "SMTPError", ID)
    assert "mailbox full" in error.message
    with pytest.raises(ExecutionFailed):
        outcome.value()


def test_a_refusal_is_an_error_that_is_returned_with_every_fault(server, ask):
    faults = [
        {"path": "params.email", "message": "missing", "code": "missing"},
        {"path": "params.name", "message": "too long", "code": "long"},
    ]
    server.plays(problem(422, "invalid_params", "The params do not fit.", faults))
    outcome = ask(execute)
    error = outcome.error
    assert isinstance(error, InvalidParams)
    assert (error.status, error.request_id, outcome.id) == (422, "req-7", "")
    assert [fault.path for fault in error.errors] == ["params.email", "params.name"]
    assert error.idempotency_key == server.keys[0]
    assert len(server.asked) == 1


def test_what_had_ended_before_is_not_waited_for(server, ask):
    server.plays(says(execution("succeeded", result=7), Idempotent_Replayed="true"))
    outcome = ask(lambda do: execute(do, idempotency_key="mail-7"))
    assert (outcome.result, outcome.replayed) == (7, True)
    assert server.keys == ["mail-7"]
    assert len(server.asked) == 1


def test_options_of_an_execution_are_sent(server, ask):
    server.plays(accepted())
    options = {
        "available_at": "2030-01-01T00:00:00Z",
        "priority": -3,
        "tags": ["a"],
        "callback": {"url": "https://x.example"},
    }
    ask(lambda do: do.workflow("sign-up").start({"n": 1}, **options))
    assert server.asked[0].body == {"params": {"n": 1}, **options}
    assert server.asked[0].path == "/api/v1/actions/sign-up/executions"


def test_invoke_returns_a_handle_and_does_not_wait(server, ask):
    server.plays(accepted())
    handle = ask(lambda do: do.action(NAME).invoke(ADA))
    assert (handle.id, handle.status, handle.ended, handle.replayed) == (ID, "queued", False, False)
    assert len(server.asked) == 1


def test_errors_of_invoke_are_raised(server, ask):
    server.plays(problem(401, "unauthenticated"))
    with pytest.raises(Unauthenticated) as caught:
        ask(lambda do: do.action(NAME).invoke(ADA))
    assert caught.value.code == "unauthenticated"


def test_many_are_asked_for_in_one_request_each_with_a_key(server, ask):
    items = [{"id": f"{ID[:-1]}{n}", "replayed": n == 2} for n in (1, 2)]
    server.plays(says({"items": items}, 202))
    first, second = ask(lambda do: do.action(NAME).invoke_many([{"n": 1}, {"n": 2}]))
    assert (first.id, first.replayed, second.replayed) == (f"{ID[:-1]}1", False, True)
    assert server.asked[0].path.endswith("/executions/bulk")
    sent = server.asked[0].body["items"]
    assert [item["params"] for item in sent] == [{"n": 1}, {"n": 2}]
    assert len({item["idempotency_key"] for item in sent}) == 2


@pytest.mark.parametrize(
    ("verb", "path", "sent", "body"),
    [
        ("retry", "retry", {"reason": "up again"}, {"reason": "up again"}),
        ("run_now", "run-now", {"reason": "now"}, {"reason": "now"}),
        ("cancel", "cancel", {"reason": "no", "force": True}, {"reason": "no", "force": True}),
        ("cancel", "cancel", {}, {"reason": ""}),
        ("replay", "replay", {"params": {"n": 2}, "from_step": "b"}, {"params": {"n": 2}, "from_step": "b", "reason": ""}),
        ("resolve", "resolve", {"answer": "happened", "result": {"n": 1}, "reason": "seen"}, {"answer": "happened", "result": {"n": 1}, "reason": "seen"}),
        ("emit", "events", {"name": "approved", "payload": True}, {"name": "approved", "payload": True}),
    ],
)  # fmt: skip
def test_verbs_on_an_execution(server, ask, verb, path, sent, body):
    server.plays(says(execution("queued")))
    handle = ask(lambda do: getattr(do.executions, verb)(ID, **sent))
    assert (handle.id, handle.status) == (ID, "queued")
    assert (server.asked[0].path, server.asked[0].body) == (f"/api/v1/executions/{ID}/{path}", body)
    assert V7.fullmatch(server.keys[0])


def test_a_handle_knows_what_was_told_last(server, ask):
    server.plays(accepted(), failed(), says(execution("queued")), done(5))

    async def awaiting_story(do):
        handle = await do.action(NAME).invoke(ADA)
        seen = [handle.status, (await handle.refresh()).status]
        await handle.retry(reason="again")
        return [*seen, handle.status, await handle.result(timeout=5), handle.status]

    def blocking_story(do):
        handle = do.action(NAME).invoke(ADA)
        seen = [handle.status, handle.refresh().status]
        handle.retry(reason="again")
        return [*seen, handle.status, handle.result(timeout=5), handle.status]

    told = ask(lambda do: blocking_story(do) if isinstance(do, Do) else awaiting_story(do))
    assert told == ["queued", "failed", "queued", 5, "succeeded"]


def test_a_list_is_read_page_by_page(server, ask):
    pages = [says({"items": [execution(n=n), execution(n=n + 1)], "next": f"c{n}"}) for n in (0, 2)]
    server.plays(*pages, says({"items": [execution(n=4)], "next": None}))
    found = ask(lambda do: do.executions.list("error:timeout", status=["failed", "in_doubt"], tag="crm"))
    assert [one.data["n"] for one in found] == [0, 1, 2, 3, 4]
    assert [one.query.get("cursor") for one in server.asked] == [None, ["c0"], ["c2"]]
    assert server.asked[2].query["status"] == ["failed", "in_doubt"]
    assert server.asked[2].query["q"] == ["error:timeout"]


def test_a_list_ends_at_its_limit(server, ask):
    server.plays(says({"items": [execution(n=n) for n in range(9)], "next": "more"}))
    assert len(ask(lambda do: do.executions.list(limit=3))) == 3
    assert server.asked[0].query["limit"] == ["3"]
    assert len(server.asked) == 1


def test_a_list_that_goes_round_in_a_circle_ends(server, ask):
    server.plays(says({"items": [execution()], "next": "same"}))
    with pytest.raises(UnreadableAnswer):
        ask(lambda do: do.executions.list())
    assert len(server.asked) == 2


def test_the_catalogue(server, ask):
    server.plays(says({"items": [{"name": NAME}]}), says({"name": NAME, "params_schema": {}}))
    assert ask(lambda do: do.actions.list()) == [{"name": NAME}]
    assert ask(lambda do: do.action(NAME).describe())["params_schema"] == {}


# The key


def test_the_key_is_nowhere_to_be_read(server, ask, caplog):
    caplog.set_level(logging.DEBUG)
    server.plays(cut, problem(503, "unavailable"), accepted(), failed())
    outcome = ask(execute)
    with Do(KEY, server.url) as do:
        told = [
            repr(do),
            repr(vars(do)),
            repr(do._client().auth),
            repr(do.action(NAME)),
            repr(outcome),
            str(outcome.error),
        ]
    assert "asking POST" in caplog.text
    assert KEY[20:40] not in caplog.text + "".join(told)


@pytest.mark.parametrize("key", ["", " ", "do_live\n_x", "schlüssel", "a b"])
def test_a_key_that_is_none_is_refused_and_not_shown(key, monkeypatch):
    monkeypatch.delenv("DO_API_KEY", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        Do(key, "http://127.0.0.1:1")
    assert not key.strip() or key.strip() not in str(caught.value)


def test_key_and_address_come_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("DO_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("DO_BASE_URL", f"{server.url}/api/v1/")
    server.plays(done(1))
    with Do() as do:
        assert do.executions.get(ID).status == "succeeded"
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.asked[0].path == f"/api/v1/executions/{ID}"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1", "ftp://x", "http://", "http://me:secret@x", "http://x/?a=1", "http://[", "https://x/#a"]
)
def test_addresses_that_are_none(url, monkeypatch):
    monkeypatch.delenv("DO_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        Do(KEY, url)
    assert "secret" not in str(caught.value)


# The shells


def test_both_shells_offer_the_same():
    def offered(module, prefix):
        found = {}
        for name in ("Do", "Handle", "Action", "Actions", "Catalogue", "Executions"):
            kind = getattr(module, prefix + name)
            for verb, method in inspect.getmembers(kind, callable):
                if not verb.startswith("_"):
                    found[f"{name}.{verb}"] = [str(one) for one in inspect.signature(method).parameters.values()]
        return found

    plain = offered(blocking, "")
    assert plain == offered(awaiting, "Async")
    assert "Executions.list" in plain
    assert plain["Handle.result"] == ["self", "timeout: float = 60.0"]
    assert inspect.getdoc(Do.__init__) or Do.__doc__


def test_one_client_serves_many_loops(server):
    server.plays(done(1))
    do = AsyncDo(KEY, server.url)

    async def once():
        try:
            return (await do.executions.get(ID)).status
        finally:
            await do.close()

    assert [asyncio.run(once()), asyncio.run(once())] == ["succeeded", "succeeded"]


def test_a_forked_process_speaks_on_connections_of_its_own(server, monkeypatch):
    server.plays(done(1))
    with Do(KEY, server.url) as do:
        do.executions.get(ID)
        before = do._client()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        after = do._client()
        assert after is not before
        after.close()
        before.close()


def test_a_transport_of_ones_own():
    def answer(request):
        return httpx.Response(200, json=execution("succeeded", result=request.url.path))

    with Do(KEY, "https://do.example", transport=httpx.MockTransport(answer)) as do:
        assert do.executions.get(ID).data["result"] == f"/api/v1/executions/{ID}"


def test_compressed_answers_are_counted_as_they_unfold(monkeypatch):
    import gzip

    monkeypatch.setattr("actions.client.losses.LARGEST_ANSWER", 100_000)
    packed = gzip.compress(b" " * 1_000_000)
    answer = httpx.MockTransport(lambda _: httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"}))
    with Do(KEY, "https://do.example", transport=answer) as do, pytest.raises(ConnectionFailed, match="larger"):
        do.executions.get(ID)
