"""The verbs on an execution's page in the console: who may, what they do once, and what is said to the one who came second."""

import json
import re
from typing import Any

import pytest
from pydantic import SecretStr

from actions.engine.group import group
from actions.engine.operate.triage import ignore_group
from actions.models import AuditEntry, ErrorGroup, Execution
from tests.app import actions as app
from tests.interfaces.desk import WHY, audit_of, desk, filled_in, hidden_in, number_of_executions, text_of
from tests.interfaces.desk import page_of as admin_page_of
from tests.interfaces.processes import chain, moody, review
from tests.interfaces.test_console_execution import page_of
from tests.stage import ALICE, column, compose, declare, engine, step_of, tree

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody", "review"]


def confirmed(browser: Any, execution: Any, verb: str, **said: str) -> Any:
    """Open the form of a verb, give a reason, and send it."""
    opened = browser.get(page_of(execution, verb))
    assert opened.status_code == 200, text_of(opened)
    return browser.post(page_of(execution, verb), {**hidden_in(opened), "reason": WHY, **said})


def test_retry_is_one_new_attempt_with_a_reason(desk):
    handle = desk.failed()
    answer = confirmed(desk.otto, handle, "retry")
    assert (answer.status_code, answer["Location"]) == (302, page_of(handle))
    assert "Queued again with a new attempt" in text_of(desk.otto.get(page_of(handle)))
    assert column(handle, "status") == "queued"
    assert audit_of(handle) == [("execution.retried", "otto", WHY)]


@pytest.mark.parametrize(
    ("verb", "make", "said", "after"),
    [
        ("retry", "failed", {}, "queued"),
        ("resolve", "in_doubt", {"answer": "happened", "result": '{"sent": 1}'}, "succeeded"),
        ("resolve", "in_doubt", {"answer": "run_again"}, "queued"),
        ("resolve", "in_doubt", {"answer": "give_up"}, "failed"),
        ("run_now", "queued", {}, "queued"),
        ("handle", "failed", {}, "failed"),
        ("cancel", "queued", {}, "cancelled"),
    ],
)
def test_sent_fifty_times_it_is_done_once(desk, verb, make, said, after):
    """F29, D03: a double click, the back button, two tabs."""
    handle = app.noop.invoke() if make == "queued" else getattr(desk, make)()
    opened = desk.otto.get(page_of(handle, verb))
    sent = {**hidden_in(opened), "reason": WHY, **said}
    answers = [desk.otto.post(page_of(handle, verb), sent).status_code for _ in range(50)]
    assert answers[0] == 302
    # What is due now may be made due once more; nothing else is done twice.
    if verb != "run_now":
        assert set(answers[1:]) == {409}
        assert len(audit_of(handle)) == 1
    assert column(handle, "status") == after
    assert number_of_executions() == 1


def test_the_second_operator_is_told_who_was_first(desk):
    """D03"""
    handle = desk.failed()
    sent = hidden_in(desk.ada.get(page_of(handle, "retry")))
    confirmed(desk.otto, handle, "retry")
    late = desk.ada.post(page_of(handle, "retry"), {**sent, "reason": WHY})
    assert late.status_code == 409
    assert re.search(r"was already retried by otto at [\d-]+ [\d:]+ UTC; it is queued now", text_of(late))
    assert f'href="{page_of(handle)}"' in late.content.decode()
    assert len(audit_of(handle)) == 1


def test_what_changed_since_the_page_was_opened_is_shown_and_nothing_done(desk):
    """D04"""
    handle = desk.failed()
    sent = hidden_in(desk.otto.get(page_of(handle, "retry")))
    confirmed(desk.ada, handle, "retry")
    desk.worker.work(waiting=True)
    assert column(handle, "status") == "failed"
    late = desk.otto.post(page_of(handle, "retry"), {**sent, "reason": WHY})
    assert late.status_code == 409
    assert "it has failed again since (attempt 6); look at that failure first" in text_of(late)
    assert column(handle, "attempt") == 6
    assert [by for _, by, _ in audit_of(handle)] == ["ada"]


def test_a_cancel_of_what_runs_meanwhile_is_not_done(desk):
    """D04"""
    handle = app.noop.invoke()
    sent = hidden_in(desk.otto.get(page_of(handle, "cancel")))
    desk.worker.work()
    late = desk.otto.post(page_of(handle, "cancel"), {**sent, "reason": WHY})
    assert late.status_code == 409
    assert "was queued (attempt 0) when you opened that page, and is succeeded (attempt 1) now" in text_of(late)


def test_what_makes_no_sense_has_no_form(desk):
    handle = app.noop.invoke()
    desk.worker.work()
    for verb in ("retry", "handle", "reopen", "resolve", "run_now", "cancel", "force_stop", "emit", "replay_from"):
        answer = desk.otto.get(page_of(handle, verb))
        assert answer.status_code == (403 if verb == "force_stop" else 409), verb
    assert desk.otto.get(page_of(handle, "explode")).status_code == 404


@pytest.mark.parametrize(
    "verb", ["retry", "handle", "reopen", "run_now", "cancel", "force_stop", "resolve", "replay", "replay_from", "emit"]
)
def test_who_may_not_is_refused_and_that_is_written_down(desk, verb):
    handle = desk.failed()
    for browser in (desk.vera, desk.nora):
        assert browser.get(page_of(handle, verb)).status_code == 403
        assert (
            browser.post(page_of(handle, verb), {"reason": WHY, "attempt": "3", "status": "failed"}).status_code == 403
        )
    assert audit_of(handle) == []
    denied = [entry.data["verb"] for entry in AuditEntry.objects.filter(verb="access.denied", actor_label="vera")]
    assert denied == [{"replay_from": "replay", "handle": "triage", "reopen": "triage"}.get(verb, verb)]


def test_without_a_reason_nothing_is_done_and_the_form_says_so(desk):
    handle = desk.failed()
    answer = confirmed(desk.otto, handle, "retry", reason="  ")
    assert answer.status_code == 200
    assert "Say why" in text_of(answer)
    assert hidden_in(answer)["attempt"] == "3"
    assert column(handle, "status") == "failed"


def test_a_result_that_is_no_json_is_named_at_its_field(desk):
    """D05"""
    handle = desk.in_doubt()
    for text in ('{"sent": yes}', '{"a": 1e999}', '"\\u0000"', "[" * 3_000, "1" * 5_000):
        answer = confirmed(desk.otto, handle, "resolve", answer="happened", result=text)
        assert answer.status_code == 200
        assert answer.context["form"].errors["result"]
        assert text[:50] in answer.context["form"]["result"].value()
    assert column(handle, "status") == "in_doubt"


def test_force_stop_says_what_it_costs(desk):
    handle = app.external.invoke()
    desk.worker.claim()
    page = desk.ada.get(page_of(handle, "force_stop"))
    assert "the execution is put in doubt" in text_of(page)
    answer = desk.ada.post(page_of(handle, "force_stop"), {**hidden_in(page), "reason": WHY})
    assert answer.status_code == 302
    assert column(handle, "status") == "in_doubt"


# Replay


def test_replay_begins_with_what_was_asked_and_makes_one(desk):
    handle = desk.failed("broken")
    opened = desk.ada.get(page_of(handle, "replay"))
    sent = filled_in(opened)
    assert sent["param-message"] == "broken"
    sent |= {"param-times": "0", "reason": WHY}
    answers = [desk.ada.post(page_of(handle, "replay"), sent) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1
    again = Execution.objects.get(replay_of__isnull=False)
    assert answers[0]["Location"] == page_of(again.public_id)
    assert again.params == {"message": "broken", "times": 0}
    desk.worker.work()
    text = text_of(desk.ada.get(page_of(again.public_id)))
    assert "at last" in text
    assert f"this new execution replays {handle.id}." in text
    assert "Idempotency key" not in text  # the form's own, of which nobody has heard


def test_wrong_params_are_named_at_their_field_and_kept(desk):
    """D05"""
    handle = desk.failed("broken")
    sent = {**filled_in(desk.ada.get(page_of(handle, "replay"))), "reason": WHY}
    answer = desk.ada.post(page_of(handle, "replay"), {**sent, "param-times": "many"})
    assert answer.status_code == 200
    assert answer.context["params"].errors["param-times"] == ["Write a whole number, such as 42."]
    assert answer.context["params"]["param-times"].value() == "many"
    assert number_of_executions() == 1
    fixed = desk.ada.post(page_of(handle, "replay"), {**sent, **hidden_in(answer), "param-times": "0"})
    assert fixed.status_code == 302


def test_who_may_not_see_params_replays_the_same_ones(desk):
    from django.contrib.auth.models import Permission, User

    handle = desk.failed("unseen words")
    user = User.objects.get(username="vera")
    user.user_permissions.add(Permission.objects.get(codename="replay"))
    opened = desk.vera.get(page_of(handle, "replay"))
    assert "this replays the same ones, unseen" in text_of(opened)
    assert "param-message" not in opened.content.decode()
    answer = desk.vera.post(page_of(handle, "replay"), {**hidden_in(opened), "reason": WHY})
    assert answer.status_code == 302
    assert Execution.objects.get(replay_of__isnull=False).params == {"message": "unseen words"}


def test_hidden_payloads_are_not_shown_by_the_form_of_replay(desk, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "HIDE_PAYLOADS": True}
    handle = desk.failed()
    assert "reveal them on the page of the execution first" in text_of(desk.ada.get(page_of(handle, "replay")))
    desk.ada.post(page_of(handle, "reveal"))
    assert "param-message" in desk.ada.get(page_of(handle, "replay")).content.decode()


@pytest.fixture
def secretive(declare):
    """Keeps the secrets that it was told."""
    said: list[str] = []

    @declare("verbs-secret", effects="database")
    def act(password: SecretStr, n: int) -> None:
        said.append(password.get_secret_value())

    act.said = said
    return act


# Declared before the desk's worker begins, which learns then what has secrets.
def test_a_secret_stays_dots_and_is_kept(secretive, desk):
    """D18"""

    handle = secretive.invoke(password="hunter2", n=1)
    desk.worker.work()
    opened = desk.ada.get(page_of(handle, "replay"))
    assert "hunter2" not in opened.content.decode()
    sent = {**filled_in(opened), "param-n": "2", "reason": WHY}
    assert sent["param-password"] == "••••"
    assert desk.ada.post(page_of(handle, "replay"), sent).status_code == 302
    desk.worker.work()
    assert secretive.said == ["hunter2", "hunter2"]


# Workflows


def test_a_failed_step_is_retried_and_its_workflow_goes_on(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    assert tree(handle)["third"] == "skipped"
    moody.bad = False
    answer = confirmed(desk.otto, step_of(handle, "desk-moody"), "retry")
    assert answer.status_code == 302
    desk.worker.work()
    assert column(handle, "status") == "succeeded"
    assert tree(handle)["third"] == "succeeded"


def test_a_workflow_is_replayed_from_a_step(desk, chain, moody):
    handle = chain.invoke()
    desk.worker.work()
    step = step_of(handle, "desk-moody")
    opened = desk.ada.get(page_of(step, "replay_from"))
    assert "Replay the workflow from desk-moody" in text_of(opened)
    moody.bad = False
    answer = desk.ada.post(page_of(step, "replay_from"), {**filled_in(opened), "reason": WHY})
    assert answer.status_code == 302
    desk.worker.work()
    again = Execution.objects.get(replay_of__isnull=False, parent=None)
    assert (again.status, again.action_id) == ("succeeded", "desk-chain")


def test_an_event_is_told_once_however_often_its_form_is_sent(desk, review):
    """F29"""
    handle = review.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert page.context["main"].verb == "emit"
    opened = desk.otto.get(page_of(handle, "emit"))
    assert opened.context["form"]["name"].value() == "review"
    sent = {**hidden_in(opened), "name": "review", "payload": '{"approved": true}', "reason": WHY}
    answers = [desk.otto.post(page_of(handle, "emit"), sent, follow=True) for _ in range(3)]
    assert "goes on" in text_of(answers[0])
    assert "nothing was done twice" in text_of(answers[1])
    desk.worker.work()
    shown = desk.ada.get(page_of(handle))
    assert '"approved": true' in text_of(shown)
    assert "taken by" in text_of(shown)
    assert json.loads(desk.ada.get(f"/executions/{handle.id}/payload/result.json").content) == {"approved": True}


def test_a_payload_that_is_no_json_is_kept_and_named(desk, review):
    """D05"""
    handle = review.invoke()
    desk.worker.work()
    sent = {**hidden_in(desk.otto.get(page_of(handle, "emit"))), "name": "review", "payload": "{no", "reason": WHY}
    answer = desk.otto.post(page_of(handle, "emit"), sent)
    assert (answer.status_code, "{no" in text_of(answer)) == (200, True)
    assert answer.context["form"].errors["payload"]


@pytest.mark.parametrize("face", ["console", "admin"])
def test_what_is_handled_says_so_with_who_and_why_until_it_is_reopened(desk, face):
    handle = desk.failed()
    page = page_of if face == "console" else admin_page_of

    def act(verb, why):
        opened = desk.ada.get(page(handle, verb))
        assert opened.status_code == 200
        return desk.ada.post(page(handle, verb), {**hidden_in(opened), "reason": why})

    shown = desk.vera.get(page(handle))
    assert page(handle, "handle") not in shown.content.decode()
    assert act("handle", "refunded <b>by hand</b>")["Location"] == page(handle)
    shown = desk.otto.get(page(handle))
    assert re.search(r"Handled by ada .*: refunded <b>by hand</b>", text_of(shown))
    assert (page(handle, "handle") in shown.content.decode(), page(handle, "reopen") in shown.content.decode()) == (
        False,
        True,
    )
    assert desk.otto.get(page(handle, "handle")).status_code == 409
    assert act("reopen", "it was not")["Location"] == page(handle)
    assert "Handled by" not in text_of(desk.otto.get(page(handle)))
    assert [verb for verb, _, _ in audit_of(handle)] == ["execution.handled", "execution.reopened"]


def test_what_is_handled_with_its_group_says_so(desk):
    handle = desk.failed()
    group()
    known = ErrorGroup.objects.get()
    ignore_group(known.pk, until=None, actor=ALICE, reason="the provider is gone")
    shown = text_of(desk.vera.get(page_of(handle)))
    assert re.search(r"Handled with its group , which was ignored by Alice [\d: -]+ UTC : the provider is gone", shown)
