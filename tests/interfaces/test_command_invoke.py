"""The invoke command: an execution asked for at the command line."""

import json
from io import BytesIO, TextIOWrapper
from typing import Annotated

import pytest

from actions import Redacted, action
from actions.definitions.registry import registry
from actions.testing import inline_worker
from tests.interfaces.command_line import HOSTILE, WHY, answer, audit, refusal, said
from tests.stage import engine

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")
# invoke


def test_invoke_stores_an_execution_in_the_name_of_the_command_line():
    told = answer("invoke", "test-write", "--params", '{"note": "grüße"}', "--reason", "by hand")

    shown = answer("executions", "show", told["id"])
    assert told == {"id": told["id"], "replayed": False}
    assert shown["params"] == {"note": "grüße"}
    assert shown["status"] == "queued"
    assert (shown["actor"]["kind"], shown["actor"]["id"]) == ("system", "command")
    assert shown["actor"]["label"].endswith(" at the command line")
    assert shown["audit"][0]["reason"] == "by hand"


def test_invoke_with_a_key_is_one_execution():
    first = answer("invoke", "test-noop", "--key", "k1", "--params", '{"n": 1}')
    second = answer("invoke", "test-noop", "--key", "k1", "--params", '{"n": 1}')
    sentence, document = refusal("invoke", "test-noop", "--key", "k1", "--params", '{"n": 2}')

    assert second == {"id": first["id"], "replayed": True}
    assert document["error"]["code"] == "idempotency_key_reused"
    assert first["id"] in sentence


def test_invoke_reads_params_from_a_file_and_from_stdin(tmp_path, monkeypatch):
    file = tmp_path / "params.json"
    file.write_text('{"n": 7}')
    by_file = answer("invoke", "test-noop", "--params-file", str(file))
    ids = [by_file["id"]]
    for words in (["--params-file", "-"], ["-"]):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b'{"n": 7}')))
        ids.append(answer("invoke", "test-noop", *words)["id"])

    assert [answer("executions", "show", id_)["params"] for id_ in ids] == [{"n": 7}] * 3


def test_invoke_waits_for_the_result():
    first = answer("invoke", "test-echo", "--key", "k", "--params", '{"value": [1, "é"]}')
    with inline_worker() as worker:
        worker.work()
    told = answer("invoke", "test-echo", "--key", "k", "--params", '{"value": [1, "é"]}', "--wait", "5")

    assert told == {"id": first["id"], "replayed": True, "status": "succeeded", "result": [1, "é"]}


def test_invoke_that_waited_in_vain_says_so():
    sentence, document = refusal("invoke", "test-noop", "--wait", "0")

    assert document["error"]["code"] == "result_timeout"
    assert "It goes on" in sentence
    assert answer("executions", "show", document["id"])["status"] == "queued"


def test_invoke_that_waited_for_a_failure_says_which():
    answer("invoke", "test-give-up", "--key", "k")
    with inline_worker() as worker:
        worker.work()
    sentence, document = refusal("invoke", "test-give-up", "--key", "k", "--wait", "5")

    assert (document["error"]["code"], document["error"]["status"]) == ("execution_failed", "failed")
    assert f"{document['id']} is failed: no use" in sentence


def test_a_secret_is_never_shown():
    @action("test-secretive", effects="database")
    def secretive(token: Annotated[str, Redacted], n: int = 1) -> None: ...

    try:
        id_ = answer("invoke", "test-secretive", "--params", '{"token": "hunter2", "n": 2}')["id"]
        shown = answer("executions", "show", id_)
        told = said("executions", "show", id_) + said("executions", "list") + json.dumps(shown)
        replay = answer("replay", id_, *WHY)["id"]
    finally:
        registry.remove("test-secretive")
    assert shown["params"]["n"] == 2
    assert "hunter2" not in told + said("executions", "show", replay)


def test_invoke_at_a_time_to_come():
    told = answer("invoke", "test-noop", "--at", "2026-11-30T09:00:00+01:00")
    assert answer("executions", "show", told["id"])["available_at"] == "2026-11-30T08:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["test-nope"], "action_not_found"),
        (["test-noop", "--params", "{"], "invalid_json"),
        (["test-noop", "--params", "[]"], "invalid_body"),
        (["test-noop", "--params", '{"n": "5"}'], "invalid_params"),
        (["test-noop", "--params", '{"n": NaN}'], "invalid_number"),
        (["test-noop", "--params", '{"n": 1, "n": 2}'], "duplicate_key"),
        (["test-noop", "--params", '{"text": "\\u0000"}'], "nul_not_allowed"),
        (["test-noop", "--params", '{"text": "\\ud800"}'], "invalid_unicode"),
        (["test-noop", "--params", '{"text": "\udc80"}'], "invalid_unicode"),
        (["test-noop", "--params", "[" * 5_000], "too_deep"),
        (["test-noop", "--params", '{"n": 1e999}'], "number_out_of_range"),
        (["test-noop", "--params", " " * 300_000], "payload_too_large"),
        (["test-noop", "--params-file", "/nowhere/at/all"], "params_unreadable"),
        (["test-noop", "--params-file", "/dev/zero"], "payload_too_large"),
        (["test-noop", "--params-file", "/"], "params_unreadable"),
        (["test-noop", "--params-file", "\0"], "params_unreadable"),
        (["test-noop", "--key", ""], "idempotency_key_invalid"),
        (["test-noop", "--key", "a b"], "idempotency_key_invalid"),
        (["test-noop", "--key", "\0"], "idempotency_key_invalid"),
        (["test-noop", "--at", "tomorrow"], "invalid_available_at"),
        (["test-noop", "--at", "2027-01-01T00:00:00"], "invalid_available_at"),
        (["test-noop", "--at", "9999-12-31T23:59:59-23:59"], "invalid_available_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_invoke_refuses_bad_input_and_stores_nothing(words, code):
    sentence, document = refusal("invoke", *words)

    assert document["error"]["code"] == code
    assert sentence.startswith(f"{code}: ")
    assert answer("executions", "list") == {"executions": []}


def test_invoke_names_every_fault_of_the_params():
    _, document = refusal("invoke", "test-noop", "--params", '{"n": "5", "other": 1}')
    assert {problem["path"] for problem in document["error"]["problems"]} == {"n", "other"}


@pytest.mark.parametrize("name", HOSTILE)
def test_invoke_of_a_name_that_is_none(name):
    _, document = refusal("invoke", name)
    assert document["error"]["code"] == "action_not_found"


@pytest.mark.parametrize("reason", ["a\x00b", "\ud800", "x" * 5_000])
def test_invoke_keeps_a_hostile_reason_harmless(reason):
    told = answer("invoke", "test-noop", "--reason", reason)
    assert audit(told["id"])[0]["reason"]
