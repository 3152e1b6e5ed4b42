"""Workflows at the command line: emit, the tree of executions show, the filters of executions list."""

from typing import Any

import pytest

from actions import GiveUp, StepFailed, wait_for
from actions.testing import inline_worker
from tests.app import actions as app
from tests.interfaces.command_line import HOSTILE, NOBODY, WHY, answer, audit, manage, refusal, said
from tests.stage import compose, declare, engine, rows, step_of

__all__ = ["compose", "declare", "engine"]

pytestmark = pytest.mark.usefixtures("engine")


def work() -> None:
    with inline_worker() as worker:
        worker.work()


@pytest.fixture
def review(compose: Any) -> Any:
    @compose("line-review", timeout=3600)
    def act() -> Any:
        return wait_for("review", timeout=60)

    return act


@pytest.fixture
def outer(declare: Any, compose: Any) -> Any:
    """A chain with a step that fails, inside a sub-workflow."""

    @declare("line-moody")
    def moody(n: int = 0) -> int:
        if moody.bad:
            raise GiveUp("bad mood")
        return n

    moody.bad = True

    @compose("line-inner")
    def inner() -> Any:
        return app.noop.start(after=[moody.start(n=1)], step="behind")

    @compose("line-outer")
    def act() -> Any:
        app.echo(1)
        app.give_up.start(optional=True)
        return inner.start()

    act.moody = moody
    return act


# emit


def test_emit_lets_a_workflow_go_on(review):
    handle = review.invoke()
    work()
    told = answer("emit", handle.id, "review", "--payload", '{"ok": [1.5, "é"]}', "--reason", "looked at")
    assert told == {"id": handle.id, "event": "review", "new": True, "goes_on": True}
    entry = audit(handle.id)[-1]
    assert (entry["verb"], entry["reason"], entry["actor"]["id"]) == ("execution.emitted", "looked at", "command")
    work()
    assert handle.result() == {"ok": [1.5, "é"]}


def test_emit_without_a_payload_before_the_wait(review):
    handle = review.invoke()
    assert "its next wait for it gets it" in said("emit", handle.id, "review")
    work()
    assert (handle.status, handle.result()) == ("succeeded", None)


def test_one_key_is_one_event(review):
    handle = review.invoke()
    assert answer("emit", handle.id, "review", "--key", "k-1")["new"]
    assert not answer("emit", handle.id, "review", "--key", "k-1")["new"]
    sentence, document = refusal("emit", handle.id, "other", "--key", "k-1")
    assert document["error"]["code"] == "idempotency_key_reused"
    assert "was not kept" in sentence
    assert rows("SELECT count(*) FROM actions_externalevent") == [(1,)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["review", "--payload", "{"], "invalid_json"),
        (["review", "--payload", ""], "invalid_json"),
        (["review", "--payload", "NaN"], "invalid_number"),
        (["review", "--payload", '{"a": 1, "a": 2}'], "duplicate_key"),
        (["review", "--payload", '"\\u0000"'], "nul_not_allowed"),
        (["review", "--key", ""], "idempotency_key_invalid"),
        (["review", "--key", "x" * 300], "idempotency_key_invalid"),
        (["", "--key", "k"], "invalid_event"),
        (["x" * 101], "invalid_event"),
        (["\x00"], "invalid_event"),
        (["review", "--reason", "x" * 2_001], "reason_required"),
    ],
)
def test_emit_refuses_bad_input_and_keeps_nothing(review, words, code):
    handle = review.invoke()
    assert refusal("emit", handle.id, *words)[1]["error"]["code"] == code
    assert rows("SELECT count(*) FROM actions_externalevent") == [(0,)]


@pytest.mark.parametrize("id_", [*HOSTILE, NOBODY])
def test_emit_finds_no_execution_where_there_is_none(id_):
    assert refusal("emit", id_, "review")[1]["error"]["code"] == "execution_not_found"


def test_emit_is_for_workflows_that_have_not_ended(review):
    handle = review.invoke()
    answer("emit", handle.id, "review")
    work()
    assert refusal("emit", handle.id, "review")[1]["error"]["code"] == "already_finished"
    assert refusal("emit", app.noop.invoke().id, "review")[1]["error"]["code"] == "not_a_workflow"


def test_emit_has_exit_codes():
    assert manage("emit", NOBODY, "review").returncode == 1
    assert manage("emit", NOBODY).returncode == 2


# executions


def test_show_has_the_tree(outer):
    handle = outer.invoke()
    work()
    workflow = answer("executions", "show", handle.id)["workflow"]
    assert [(step["depth"], step["step"], step["status"]) for step in workflow["steps"]] == [
        (1, "test-echo", "succeeded"),
        (1, "test-give-up", "failed"),
        (1, "line-inner", "failed"),
        (2, "line-moody", "failed"),
        (2, "behind", "skipped"),
    ]
    assert workflow["steps"][4]["waits_for"] == ["line-moody (failed)"]
    assert (workflow["counts"], workflow["steps_total"]) == ({"succeeded": 1, "failed": 2}, 5)
    text = said("executions", "show", handle.id)
    assert "steps (5)" in text
    assert "\n  failed     test-give-up [optional]  exec_" in text
    assert "\n    skipped    behind  exec_" in text
    assert "because of line-moody (failed)" in text


def test_show_says_what_a_workflow_waits_for_and_was_told(review):
    handle = review.invoke()
    answer("emit", handle.id, "other", "--payload", '"too early"')
    work()
    workflow = answer("executions", "show", handle.id)["workflow"]
    assert workflow["waits_for"]["event"] == "review"
    assert workflow["waits_for"]["until"] and workflow["deadline"]
    (event,) = workflow["events"]
    assert (event["name"], event["payload"], event["taken_by"]) == ("other", "too early", None)
    text = said("executions", "show", handle.id)
    assert "waits for        the event 'review', at the latest until" in text
    assert 'not taken  "too early"' in text


def test_show_of_a_step_says_where_it_belongs(outer):
    handle = outer.invoke()
    work()
    step = step_of(step_of(handle, "line-inner"), "behind")
    place = answer("executions", "show", step)["place"]
    assert (place["action"], place["step"], place["workflow"]) == (
        "line-inner",
        "behind",
        step_of(handle, "line-inner"),
    )
    assert [(one["step"], one["status"]) for one in place["prerequisites"]] == [("line-moody", "failed")]
    assert "after            line-moody (failed)" in said("executions", "show", step)
    assert answer("executions", "show", app.noop.invoke().id)["place"] is None


def test_show_says_why_there_is_no_retry(compose, outer):
    @compose("line-catches")
    def catches() -> str:
        try:
            outer.moody(1)
        except StepFailed:
            return "caught"
        return "never"

    handle = catches.invoke()
    work()
    step = step_of(handle, "line-moody")
    assert "has gone on past" in answer("executions", "show", step)["not_retryable_because"]
    (result,) = refusal("retry", step, *WHY)[1]["results"]
    assert result["error"]["code"] == "failure_consumed"


def test_retry_and_cancel_say_what_became_of_a_workflow(outer, review):
    handle, other = outer.invoke(), review.invoke()
    work()
    assert answer("retry", handle.id, *WHY)["results"][0]["status"] == "waiting"
    outer.moody.bad = False
    work()
    assert handle.status == "succeeded"
    assert "Cancelled, with its steps that had not ended" in said("cancel", other.id, *WHY)


def test_replay_from_a_step_takes_over_what_came_before(outer):
    handle = outer.invoke()
    work()
    inner = step_of(handle, "line-inner")
    outer.moody.bad = False
    told = answer("replay", inner, "--from-step", "line-moody", "--params", '{"n": 3}', *WHY)
    work()
    shown = answer("executions", "show", told["id"])
    assert (shown["status"], shown["replay_of"]) == ("succeeded", inner)
    (step,) = [step for step in shown["workflow"]["steps"] if step["step"] == "line-moody"]
    assert answer("executions", "show", step["id"])["result"] == 3
    refused = refusal("replay", inner, "--from-step", "nonsense", *WHY)[1]["error"]["code"]
    assert refused == "step_not_found"


def test_list_filters_by_kind_and_workflow(outer, review):
    handle, other, alone = outer.invoke(), review.invoke(), app.noop.invoke()
    work()
    inner = step_of(handle, "line-inner")

    def listed(*words: str) -> list[str]:
        return [execution["id"] for execution in answer("executions", "list", *words)["executions"]]

    assert listed("--kind", "top") == [alone.id, other.id, handle.id]
    assert listed("--kind", "workflow") == [inner, other.id, handle.id]
    assert len(listed("--kind", "step")) == 5
    assert listed("--workflow", inner, "--status", "skipped") == [step_of(inner, "behind")]
    assert listed("--status", "waiting") == [other.id]
    assert refusal("executions", "list", "--workflow", "nonsense")[1]["error"]["code"] == "execution_not_found"
    (shown,) = answer("executions", "list", "--workflow", inner, "--status", "skipped")["executions"]
    assert (shown["workflow"], shown["step"]) == (inner, "behind")
    assert f"(step behind of {inner})" in said("executions", "list", "--kind", "step")


def test_what_steps_and_events_are_called_cannot_steer_the_terminal(compose):
    nasty = "\x1b[2J\nexec_fake  succeeded\x9b31m\u202e"

    @compose("line-nasty")
    def act() -> Any:
        app.noop.start(step=nasty)
        return wait_for(nasty)

    handle = act.invoke()
    answer("emit", handle.id, f"other{nasty}", "--payload", '"\\u001b[2J"')
    work()
    for text in (said("executions", "show", handle.id), said("executions", "list")):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
        assert "\nexec_fake" not in text
