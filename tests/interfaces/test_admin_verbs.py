"""The admin's verbs on one execution: confirmed, permitted, audited, and never done twice (D01, D03, D04)."""

import pytest

from actions.models import Execution
from tests.app import actions as app
from tests.interfaces.desk import WHY, audit_of, confirm, desk, hidden_in, page_of, text_of
from tests.stage import column, engine, outcomes, rows

__all__ = ["desk", "engine"]


def test_retry_makes_one_new_attempt_and_is_audited(desk):
    handle = desk.failed()
    answer = confirm(desk.otto, handle, "retry")
    assert answer.status_code == 302
    assert answer["Location"] == page_of(handle)
    assert column(handle, "status") == "queued"
    assert ("execution.retried", "otto", WHY) in audit_of(handle)
    assert "Queued again with a new attempt" in text_of(desk.otto.get(page_of(handle)))


def test_a_second_retry_from_the_same_page_does_nothing_and_names_the_first(desk):
    handle = desk.failed()
    opened = hidden_in(desk.otto.get(page_of(handle, "retry")))
    also_opened = hidden_in(desk.ada.get(page_of(handle, "retry")))
    assert desk.otto.post(page_of(handle, "retry"), {**opened, "reason": WHY}).status_code == 302
    late = desk.ada.post(page_of(handle, "retry"), {**also_opened, "reason": "me too"})
    assert late.status_code == 409
    assert "was already retried by otto at" in text_of(late)
    assert [verb for verb, _, _ in audit_of(handle)] == ["execution.retried"]


def test_a_stale_retry_does_not_retry_the_next_failure(desk):
    handle = desk.failed()
    opened = hidden_in(desk.otto.get(page_of(handle, "retry")))
    confirm(desk.otto, handle, "retry")
    desk.worker.work(waiting=True)
    assert column(handle, "status") == "failed"
    late = desk.otto.post(page_of(handle, "retry"), {**opened, "reason": WHY})
    assert late.status_code == 409
    assert "has failed again since" in text_of(late)
    assert column(handle, "status") == "failed"


@pytest.mark.parametrize("verb", ["retry", "resolve", "run_now", "cancel", "force_stop"])
def test_without_the_permission_nothing_is_shown_or_done_and_it_is_audited(desk, verb):
    handle = desk.failed()
    before = column(handle, "status")
    shown = desk.vera.get(page_of(handle, verb))
    assert shown.status_code == 403
    assert f"actions.{verb}" in text_of(shown)
    refused = desk.vera.post(page_of(handle, verb), {"reason": WHY, "status": "failed", "attempt": "3"})
    assert refused.status_code == 403
    assert column(handle, "status") == before
    denied = rows("SELECT actor_label, data->>'verb' FROM actions_auditentry WHERE verb = 'access.denied'")
    assert denied == [("vera", verb)]


def test_operators_may_not_stop_by_force(desk):
    handle = app.external.invoke()
    desk.worker.claim()
    assert "Force stop" not in text_of(desk.otto.get(page_of(handle)))
    assert desk.otto.get(page_of(handle, "force_stop")).status_code == 403


def test_a_reason_is_required_and_what_was_chosen_stays(desk):
    handle = desk.in_doubt()
    opened = hidden_in(desk.otto.get(page_of(handle, "resolve")))
    answer = desk.otto.post(
        page_of(handle, "resolve"), {**opened, "answer": "happened", "result": '{"id": 7}', "reason": "  "}
    )
    assert answer.status_code == 200
    assert "Say why; the audit keeps it." in text_of(answer)
    assert "{&quot;id&quot;: 7}" in answer.content.decode()
    assert column(handle, "status") == "in_doubt"


@pytest.mark.parametrize(
    ("said", "after", "result"),
    [
        ({"answer": "happened", "result": '{"id": 7}'}, "succeeded", {"id": 7}),
        ({"answer": "happened", "result": ""}, "succeeded", None),
        ({"answer": "run_again", "result": ""}, "queued", None),
        ({"answer": "give_up", "result": ""}, "failed", None),
    ],
)
def test_resolve_says_what_happened(desk, said, after, result):
    handle = desk.in_doubt()
    assert confirm(desk.otto, handle, "resolve", **said).status_code == 302
    assert column(handle, "status") == after
    assert column(handle, "result") == result
    assert ("execution.resolved", "otto", WHY) in audit_of(handle)


@pytest.mark.parametrize("result", ["{", "NaN", '"\\u0000"', "[" * 3_000, "9" * 5_000, '{"a":1,"a":2}', "1e999"])
def test_a_result_that_is_no_json_is_a_fault_at_its_field(desk, result):
    handle = desk.in_doubt()
    answer = confirm(desk.otto, handle, "resolve", answer="happened", result=result)
    assert answer.status_code == 200
    assert answer.context["form"].errors["result"]
    assert column(handle, "status") == "in_doubt"


def test_cancel_of_a_waiting_execution_and_a_stale_second_one(desk):
    handle = app.noop.invoke()
    opened = hidden_in(desk.otto.get(page_of(handle, "cancel")))
    assert "never will" in text_of(desk.otto.get(page_of(handle, "cancel")))
    assert desk.otto.post(page_of(handle, "cancel"), {**opened, "reason": WHY}).status_code == 302
    assert column(handle, "status") == "cancelled"
    late = desk.ada.post(page_of(handle, "cancel"), {**opened, "reason": WHY})
    assert late.status_code == 409
    assert "is cancelled" in text_of(late)
    assert "execution.cancelled by otto" in text_of(late)


def test_a_cancel_seen_as_waiting_does_not_hit_a_running_one(desk):
    handle = app.external.invoke()
    opened = hidden_in(desk.otto.get(page_of(handle, "cancel")))
    desk.worker.claim()
    late = desk.otto.post(page_of(handle, "cancel"), {**opened, "reason": WHY})
    assert late.status_code == 409
    assert column(handle, "cancel_requested_at") is None


def test_cancel_of_a_running_external_asks_its_handler(desk):
    handle = app.external.invoke()
    desk.worker.claim()
    assert "asked to stop" in text_of(desk.otto.get(page_of(handle, "cancel")))
    assert confirm(desk.otto, handle, "cancel").status_code == 302
    assert column(handle, "status") == "running"
    assert column(handle, "cancel_requested_at") is not None


def test_force_stop_puts_an_external_one_in_doubt(desk):
    handle = app.external.invoke()
    desk.worker.claim()
    assert "put in doubt" in text_of(desk.ada.get(page_of(handle, "force_stop")))
    assert confirm(desk.ada, handle, "force_stop").status_code == 302
    assert column(handle, "status") == "in_doubt"
    assert outcomes(handle) == ["in_doubt"]


def test_run_now_makes_a_retrying_one_due(desk):
    handle = app.fail.invoke()
    Execution.objects.filter(status="queued").update(tries=0)
    desk.worker.work()
    if column(handle, "status") != "retrying":
        pytest.fail("the first try must be followed by a wait")
    assert confirm(desk.otto, handle, "run_now").status_code == 302
    assert column(handle, "status") == "queued"


@pytest.mark.parametrize("verb", ["retry", "resolve", "run_now", "force_stop"])
def test_a_verb_that_makes_no_sense_now_says_what_the_state_is(desk, verb):
    handle = app.noop.invoke()
    desk.worker.work()
    answer = desk.ada.get(page_of(handle, verb))
    assert answer.status_code == 409
    assert "is succeeded" in text_of(answer)


def test_get_changes_nothing(desk):
    handle = desk.failed()
    before = column(handle, "status"), len(audit_of(handle))
    for verb in ("retry", "replay", "change"):
        assert desk.ada.get(page_of(handle, verb)).status_code == 200
    assert (column(handle, "status"), len(audit_of(handle))) == before


@pytest.mark.parametrize("seen", [{}, {"status": "failed"}, {"status": "\x00", "attempt": "9" * 50}])
def test_a_made_up_form_does_nothing(desk, seen):
    handle = app.noop.invoke()
    answer = desk.otto.post(page_of(handle, "cancel"), {**seen, "reason": WHY})
    assert answer.status_code == 409
    assert column(handle, "status") == "queued"
