"""Retry, replay and cancel of workflows and their steps by the admin."""

from typing import Any

import pytest

from actions import StepFailed
from actions.models import Execution
from tests.app import actions as app
from tests.interfaces.desk import WHY, confirm, desk, filled_in, page_of, text_of
from tests.interfaces.processes import chain, moody, row_of
from tests.stage import column, compose, declare, engine, key_of, step_of, tree

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody"]


def test_retry_of_a_step_lets_its_workflow_go_on(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    step = step_of(handle, "desk-moody")
    opened = text_of(desk.otto.get(page_of(step, "retry")))
    assert "Its workflow goes on from there; finished steps are not run again." in opened
    answer = confirm(desk.otto, step, "retry")
    assert answer.status_code == 302
    assert "its workflow waits for it again" in text_of(desk.otto.get(answer["Location"]))
    desk.worker.work()
    assert (handle.status, set(tree(handle).values())) == ("succeeded", {"succeeded"})
    assert column(step_of(handle, "first"), "attempt") == 1


def test_retry_of_the_workflow_retries_its_failed_steps(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    answer = confirm(desk.otto, handle, "retry")
    assert "Its failed steps are queued again, and it waits for them" in text_of(desk.otto.get(answer["Location"]))
    assert handle.status == "waiting"
    desk.worker.work()
    assert handle.status == "succeeded"


def test_a_consumed_failure_says_why_it_cannot_be_retried(desk, compose, moody):
    @compose("desk-catches")
    def catches() -> str:
        try:
            moody(1)
        except StepFailed:
            return "caught"
        return "never"

    handle = catches.invoke()
    desk.worker.work()
    step = step_of(handle, "desk-moody")
    page = text_of(desk.otto.get(page_of(step)))
    why = "desk-catches has gone on past the failure of it. Replay the workflow instead."
    assert f"Retry is not offered: {why}" in page
    assert page_of(step, "retry") not in desk.otto.get(page_of(step)).content.decode()
    refused = desk.otto.get(page_of(step, "retry"))
    assert refused.status_code == 409
    assert why in text_of(refused)
    row = desk.otto.get(page_of(handle))
    assert "Its workflow has gone on past it" in row_of(row, "desk-moody")
    sent = {"reason": WHY, "status": "failed", "attempt": "1"}
    posted = desk.otto.post(page_of(step, "retry"), sent)
    assert posted.status_code == 409
    assert "has gone on past it" in text_of(posted)


def test_retry_in_the_tree_is_for_those_who_may(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    assert "Retry" not in row_of(desk.vera.get(page_of(handle)), "desk-moody")
    assert desk.vera.get(page_of(step_of(handle, "desk-moody"), "retry")).status_code == 403


@pytest.mark.parametrize(("edited", "n"), [(None, 1), ("7", 7)], ids=["as it was", "edited"])
def test_a_workflow_is_replayed_from_one_of_its_steps(desk, chain, moody, edited, n):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    step = step_of(handle, "desk-moody")
    assert page_of(step, "replay-from") in desk.otto.get(page_of(step)).content.decode()
    opened = desk.otto.get(page_of(step, "replay-from"))
    assert "what came before this step is taken over" in text_of(opened)
    assert "Comes from the result of another step" in text_of(opened)
    sent = {**filled_in(opened), "reason": WHY}
    assert '"$step": "first"' in sent["param-n"]
    answer = desk.otto.post(page_of(step, "replay-from"), sent | ({"param-n": edited} if edited else {}))
    assert answer.status_code == 302
    again = answer["Location"].split("/")[-3]
    desk.worker.work()
    assert column(again, "replay_of_id") == str(key_of(handle))
    assert (column(again, "status"), column(step_of(again, "desk-moody"), "result")) == ("succeeded", {"n": n})
    assert handle.status == "failed"


def test_replay_from_a_step_checks_what_was_edited_and_who_asks(desk, chain):
    handle = chain.invoke()
    desk.worker.work()
    step = step_of(handle, "desk-moody")
    opened = desk.otto.get(page_of(step, "replay-from"))
    wrong = desk.otto.post(page_of(step, "replay-from"), {**filled_in(opened), "reason": WHY, "param-n": "many"})
    assert wrong.status_code == 200
    assert "Write a whole number" in text_of(wrong)
    assert desk.vera.get(page_of(step, "replay-from")).status_code == 403
    assert page_of(step, "replay-from") not in desk.vera.get(page_of(step)).content.decode()
    assert desk.otto.get(page_of(handle, "replay-from")).status_code == 409
    assert Execution.objects.filter(replay_of__isnull=False).count() == 0


def test_a_step_is_replayed_alone_with_the_values_that_it_got(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    moody.bad = False
    step = step_of(handle, "desk-moody")
    opened = desk.otto.get(page_of(step, "replay"))
    assert opened.context["params"]["param-n"].value() == "1"
    answer = desk.otto.post(page_of(step, "replay"), {**filled_in(opened), "reason": WHY})
    desk.worker.work()
    alone = answer["Location"].split("/")[-3]
    assert (column(alone, "status"), column(alone, "result"), column(alone, "parent_id")) == (
        "succeeded",
        {"n": 1},
        None,
    )
    assert handle.status == "failed"


def test_cancel_says_how_many_steps_go_with_it(desk, compose):
    @compose("desk-wide")
    def wide() -> Any:
        app.noop.start(n=99, step="alone", detached=True)
        first = [app.external.start(note=str(number)) for number in range(3)]
        return app.noop.start(after=first)

    handle = wide.invoke()
    desk.worker.settler.work(desk.worker.claim())
    opened = text_of(desk.otto.get(page_of(handle, "cancel")))
    assert "4 steps that have not ended will be cancelled with it." in opened
    assert "What has succeeded stays done: nothing is undone." in opened
    answer = confirm(desk.otto, handle, "cancel")
    assert "Cancelled, with its steps that had not ended" in text_of(desk.otto.get(answer["Location"]))
    assert sorted(tree(handle).values()) == ["cancelled"] * 4 + ["queued"]


def test_cancel_of_a_step_says_what_its_workflow_makes_of_it(desk, compose):
    @compose("desk-one")
    def one() -> Any:
        return app.external.start(note="x").result()

    handle = one.invoke()
    desk.worker.settler.work(desk.worker.claim())
    said = text_of(desk.otto.get(page_of(step_of(handle, "test-external"), "cancel")))
    assert "Its workflow fails, unless the step is optional" in said
