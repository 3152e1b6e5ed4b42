"""The `doplatform` command: what it prints where, and its exit codes."""

import json
import signal
import subprocess
import sys
import threading
from io import StringIO

import pytest

from actions.client.console import main
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
    silent,
    stand_in,
)

NAME = "send-welcome-email"


@pytest.fixture
def server(monkeypatch):
    with stand_in() as running:
        monkeypatch.setenv("DO_API_KEY", KEY)
        monkeypatch.setenv("DO_BASE_URL", running.url)
        yield running


@pytest.fixture
def doplatform(server, capsys):
    """doplatform(…): exit code, stdout and stderr."""

    def run(*words):
        try:
            code = main(list(words))
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


# run


def test_run_prints_the_result_and_nothing_else_on_stdout(server, doplatform):
    server.plays(accepted(), done({"message_id": "m-1"}))
    code, out, err = doplatform("run", NAME, "--params", '{"email": "a@b.c"}', "--key", "mail-1", "--tag", "crm")
    assert (code, json.loads(out)) == (0, {"message_id": "m-1"})
    assert err == f"doplatform: {ID} accepted\n"
    assert server.asked[0].body == {"params": {"email": "a@b.c"}, "tags": ["crm"]}
    assert server.keys == ["mail-1"]


def test_params_from_a_file_and_from_stdin(server, doplatform, tmp_path, monkeypatch):
    server.plays(accepted())
    (tmp_path / "params.json").write_text('{"n": 1}')
    doplatform("run", NAME, "--async", "--params", f"@{tmp_path}/params.json")
    monkeypatch.setattr("sys.stdin", StringIO('{"n": 2}'))
    doplatform("run", NAME, "--async", "--params", "-")
    assert [one.body["params"]["n"] for one in server.asked] == [1, 2]


def test_async_prints_the_id_and_does_not_wait(server, doplatform):
    server.plays(accepted())
    assert doplatform("run", NAME, "--async")[:2] == (0, f"{ID}\n")
    assert len(server.asked) == 1


def test_a_failure_is_1_with_a_sentence(server, doplatform):
    server.plays(accepted(), failed("mailbox \x1b[31mfull\n"))
    code, out, err = doplatform("run", NAME)
    assert (code, out) == (1, "")
    assert f"exception: {ID} is failed: mailbox \\x1b[31mfull\\n" in err
    assert "\x1b" not in err


def test_a_failure_as_json(server, doplatform):
    server.plays(accepted(), failed())
    code, out, _ = doplatform("run", NAME, "--json")
    told = json.loads(out)
    assert (code, told["id"], told["status"], told["error"]["code"]) == (1, ID, "failed", "exception")


def test_what_has_not_ended_is_3(server, doplatform):
    server.plays(accepted(), says(execution("running")))
    code, out, err = doplatform("run", NAME, "--wait", "0.1")
    assert (code, out) == (3, "")
    assert "result_timeout" in err


def test_a_refusal_names_every_fault_and_the_request(server, doplatform):
    server.plays(
        problem(422, "invalid_params", "They do not fit.", [{"path": "params.email", "message": "is missing"}])
    )
    code, out, err = doplatform("run", NAME, "--json")
    assert code == 1
    assert json.loads(out)["error"]["errors"][0]["path"] == "params.email"
    assert "invalid_params: They do not fit. (request req-7)" in err
    assert "  params.email: is missing" in err


def test_a_cut_connection_is_nothing_to_talk_about(server, doplatform):
    server.plays(cut, accepted(), done(1))
    assert doplatform("run", NAME)[:2] == (0, "1\n")
    assert len(set(server.keys)) == 1


# Others


def test_show_and_its_json(server, doplatform):
    attempts = [{"number": 1, "outcome": "failed", "started_at": "2026-01-01T00:00:00Z", "error": {"message": "full"}}]
    server.plays(failed(params={"n": 1}, attempts=attempts, steps=[{"step": "a", "status": "failed", "id": ID}]))
    code, out, _ = doplatform("show", ID)
    assert code == 0
    for said in (ID, "failed", '{"n": 1}', "attempt 1", "started 2026-01-01T00:00:00Z: full", "step a"):
        assert said in out
    assert json.loads(doplatform("show", ID, "--json")[1])["attempts"] == attempts


def test_list_with_its_filters(server, doplatform):
    server.plays(says({"items": [execution("failed", created_at="2026-01-01T00:00:00Z")], "next": "more"}))
    words = ("--q", "crm", "--status", "failed", "--status", "in_doubt", "--action", NAME, "--limit", "1")
    code, out, _ = doplatform("list", *words)
    assert (code, out) == (0, f"{ID}  failed     2026-01-01T00:00:00  {NAME}\n")
    assert server.asked[0].query == {
        "q": ["crm"], "status": ["failed", "in_doubt"], "action": [NAME], "limit": ["1"],
    }  # fmt: skip
    assert json.loads(doplatform("list", "--limit", "1", "--json")[1])["items"][0]["id"] == ID


def test_actions(server, doplatform):
    paused = {"at": "2026-01-01T00:00:00Z", "by": "ada", "reason": "crm is down"}
    server.plays(
        says({"items": [{"name": NAME, "kind": "action", "description": "Send it.\n\nMore.", "paused": paused}]})
    )
    code, out, _ = doplatform("actions")
    assert code == 0
    assert out.split() == [NAME, "action", "Send", "it.", "(paused)"]


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("retry", ID, "--reason", "up"), "retry", {"reason": "up"}),
        (("cancel", ID, "--force"), "cancel", {"reason": "", "force": True}),
        (("resolve", ID, "happened", "--result", '{"n": 1}', "--reason", "seen"), "resolve", {"answer": "happened", "result": {"n": 1}, "reason": "seen"}),
        (("replay", ID, "--params", '{"n": 2}', "--from-step", "b"), "replay", {"params": {"n": 2}, "from_step": "b", "reason": ""}),
        (("emit", ID, "approved", "--payload", "true"), "events", {"name": "approved", "payload": True}),
    ],
)  # fmt: skip
def test_verbs(server, doplatform, words, path, body):
    server.plays(says(execution("queued")))
    code, _, err = doplatform(*words, "--key", "once-1")
    assert code == 0
    assert (server.asked[0].path, server.asked[0].body) == (f"/api/v1/executions/{ID}/{path}", body)
    assert server.keys == ["once-1"]
    assert err.startswith(f"doplatform: {ID} ")


def test_a_refused_verb(server, doplatform):
    server.plays(problem(409, "already_finished", "It has ended."))
    assert doplatform("cancel", ID) == (1, "", "doplatform: already_finished: It has ended. (request req-7)\n")


def test_watch_says_each_status_once_until_the_end(server, doplatform, monkeypatch):
    monkeypatch.setattr("actions.client.console.verbs._STEP", 0.0)
    states = ["queued", "queued", "running", "running", "retrying"]
    server.plays(*(says(execution(status)) for status in states), failed("full"))
    code, out, _ = doplatform("watch", ID)
    assert code == 1
    assert [line.split()[1] for line in out.splitlines()] == ["queued", "running", "retrying", "failed"]


def test_watch_until_its_time_is_up(server, doplatform):
    server.plays(says(execution("running")))
    assert doplatform("watch", ID, "--wait", "0.1")[0] == 3


# The command line itself


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("run",),
        ("run", NAME, "--params", "{"),
        ("run", NAME, "--params", "[]"),
        ("run", NAME, "--params", "@/nowhere"),
        ("run", NAME, "--params", '{"n": NaN}'),
        ("run", NAME, "--wait", "-1"),
        ("list", "--limit", "0"),
        ("resolve", ID, "perhaps"),
        ("show",),
        ("show", ID, "--api-key", KEY),
    ],
)
def test_a_wrong_command_line_is_2_and_sends_nothing(server, doplatform, words):
    server.plays(done())
    assert doplatform(*words)[0] == 2
    assert server.asked == []


def test_no_key_and_no_address_are_2(server, doplatform, monkeypatch, tmp_path):
    monkeypatch.delenv("DO_API_KEY")
    assert "DO_API_KEY" in doplatform("show", ID)[2]
    assert doplatform("show", ID)[0] == 2
    code, _, err = doplatform("show", ID, "--key-file", str(tmp_path / "none"))
    assert (code, "cannot be read" in err) == (2, True)
    monkeypatch.setenv("DO_API_KEY", KEY)
    monkeypatch.delenv("DO_BASE_URL")
    assert doplatform("show", ID)[0] == 2


def test_key_file_and_base_url_stand_before_the_command_or_after_it(server, doplatform, monkeypatch, tmp_path):
    monkeypatch.delenv("DO_API_KEY")
    monkeypatch.delenv("DO_BASE_URL")
    (tmp_path / "key").write_text(f"{KEY}\n")
    server.plays(done())
    options = ("--key-file", str(tmp_path / "key"), "--base-url", server.url)
    assert doplatform(*options, "show", ID)[0] == 0
    assert doplatform("show", ID, *options)[0] == 0
    assert {one.headers["authorization"] for one in server.asked} == {f"Bearer {KEY}"}


def press(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Ctrl-C, and once more where nothing happens: Python does not see a signal that comes just before it begins to read."""
    while True:
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            assert process.poll() is None


def test_ctrl_c_is_130_and_says_what_goes_on(server):
    server.plays(accepted(), silent)
    # As a terminal starts it: what runs in the background of a shell is started with the signal ignored.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from actions.client.console import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, "run", NAME], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        patience = threading.Timer(60, process.kill)
        patience.start()
        assert "accepted" in process.stderr.readline()
        assert server.hangs.wait(30)
        out, err = press(process)
        patience.cancel()
    assert (process.returncode, out) == (130, "")
    assert f"{ID} goes on" in err
    assert "Traceback" not in err
