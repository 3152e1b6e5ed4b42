"""retry and cancel for many, pausing, and the audit's pages: counted, confirmed, reported one by one."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from actions.engine.operate.retry import retry
from actions.ids import public_id
from actions.models import Action, AuditEntry, Execution, Queue
from tests.app import actions as app
from tests.interfaces.desk import ACTIONS, LIST, WHY, audit_of, desk, hidden_in, page_of, text_of
from tests.keyring import keyed
from tests.stage import ALICE, column, engine, key_of, rows

__all__ = ["desk", "engine"]

AUDIT = "/admin/actions/auditentry/"


def choose(browser, verb, *handles):
    return browser.post(LIST, {"action": verb, "_selected_action": [str(key_of(handle)) for handle in handles]})


def sent_back(page, *handles, **said):
    return {**hidden_in(page), "_selected_action": [str(key_of(handle)) for handle in handles], **said}


def test_the_page_counts_and_lists_before_anything_happens(desk):
    one, two = app.fail.invoke(message="first"), app.fail.invoke(message="second")
    fine = app.noop.invoke()
    desk.worker.work(waiting=True)
    asked = choose(desk.otto, "retry", one, two, fine)
    shown = text_of(asked)
    assert "2 of 3 can be retried; 1 cannot, and will be skipped" in shown
    assert all(handle.id in shown for handle in (one, two, fine))
    assert column(one, "status") == "failed"


def test_each_is_done_or_skipped_with_why(desk):
    one, two = app.fail.invoke(), app.fail.invoke()
    fine = app.noop.invoke()
    desk.worker.work(waiting=True)
    asked = choose(desk.otto, "retry", one, two, fine)
    retry(two.id, actor=ALICE, reason="first")
    done = desk.otto.post(LIST, sent_back(asked, one, two, fine, reason=WHY))
    assert "1 retried, 2 skipped" in text_of(done)
    assert "It has changed since the list was shown; it is queued now." in text_of(done)
    assert "it succeeded; replay it to do it once more" in text_of(done)
    assert audit_of(one) == [("execution.retried", "otto", WHY)]
    assert audit_of(two) == []


def test_sending_the_confirmation_twice_retries_once(desk):
    one = desk.failed()
    body = sent_back(choose(desk.otto, "retry", one), one, reason=WHY)
    assert "1 retried, 0 skipped" in text_of(desk.otto.post(LIST, body))
    assert "0 retried, 1 skipped" in text_of(desk.otto.post(LIST, body))
    assert len(audit_of(one)) == 1


def test_a_reason_is_required_for_many_too(desk):
    one = desk.failed()
    asked = choose(desk.otto, "retry", one)
    answer = desk.otto.post(LIST, sent_back(asked, one, reason=" "))
    assert "Say why; the audit keeps it." in text_of(answer)
    assert column(one, "status") == "failed"


def test_cancel_for_many(desk):
    handles = app.noop.invoke_many([{"n": number} for number in range(3)])
    asked = choose(desk.otto, "cancel", *handles)
    done = desk.otto.post(LIST, sent_back(asked, *handles, reason=WHY))
    assert "3 cancelled, 0 skipped" in text_of(done)
    assert {column(handle, "status") for handle in handles} == {"cancelled"}


def test_run_now_for_many(desk):
    failed = desk.failed()
    later = app.noop.invoke(available_at=datetime.now(UTC) + timedelta(hours=1))
    asked = choose(desk.otto, "run_now", later, failed)
    assert "1 of 2 can be made due; 1 cannot, and will be skipped" in text_of(asked)
    assert "1 made due, 1 skipped" in text_of(desk.otto.post(LIST, sent_back(asked, later, failed, reason=WHY)))
    assert audit_of(later) == [("execution.run_now", "otto", WHY)]


@pytest.mark.parametrize("verb", ["retry", "run_now", "cancel"])
def test_many_need_the_permission(desk, verb):
    one = desk.failed()
    choose(desk.vera, verb, one)
    assert f'value="{verb}"' not in desk.vera.get(LIST).content.decode()
    body = {"action": verb, "confirmed": verb, "_selected_action": [str(key_of(one))], "reason": WHY,
            f"seen-{one.id}": "failed:3"}  # fmt: skip
    desk.vera.post(LIST, body)
    assert column(one, "status") == "failed"
    assert audit_of(one) == []


def test_more_than_can_be_done_in_a_request_is_refused_at_once(desk, monkeypatch):
    monkeypatch.setattr("actions.admin.bulk.MOST", 2)
    handles = app.noop.invoke_many([{"n": number} for number in range(3)])
    answer = choose(desk.otto, "cancel", *handles)
    assert answer.status_code == 302
    assert "At most 2 executions can be cancelled at once" in text_of(desk.otto.get(LIST))
    assert Execution.objects.filter(status="cancelled").count() == 0


@pytest.mark.parametrize("chosen", [["garbage"], ["\x00"], [""], ["1" * 5_000]])
def test_made_up_selections_do_nothing(desk, chosen):
    one = desk.failed()
    answer = desk.otto.post(LIST, {"action": "retry", "_selected_action": chosen, "confirmed": "retry", "reason": WHY})
    assert answer.status_code in {200, 302, 400}
    assert column(one, "status") == "failed"


# Pausing


def test_an_action_is_paused_and_resumed_with_reasons(desk):
    address = f"{ACTIONS}test-noop/pause/"
    assert desk.vera.get(address).status_code == 403
    assert "Say why" in text_of(desk.otto.post(address, {"reason": ""}))
    assert desk.otto.post(address, {"reason": WHY}).status_code == 302
    row = Action.objects.get(pk="test-noop")
    assert (row.paused_by, row.paused_reason) == ("otto", WHY)
    assert "paused by otto" in text_of(desk.vera.get(ACTIONS))
    assert "action test-noop" in text_of(desk.vera.get("/admin/"))
    desk.ada.post(address, {"reason": "me too"})
    assert "already paused by otto" in text_of(desk.ada.get(ACTIONS))
    assert desk.otto.post(f"{ACTIONS}test-noop/resume/", {"reason": WHY}).status_code == 302
    assert Action.objects.get(pk="test-noop").paused_at is None
    verbs = rows("SELECT verb FROM actions_auditentry WHERE actor_label = 'otto' ORDER BY id")
    assert verbs == [("action.paused",), ("action.resumed",)]


def test_a_queue_is_paused_and_resumed(desk):
    handle = app.noop.invoke()
    assert desk.otto.post("/admin/actions/queue/default/pause/", {"reason": WHY}).status_code == 302
    desk.worker.work()
    assert column(handle, "status") == "queued"
    assert desk.otto.post("/admin/actions/queue/default/resume/", {"reason": WHY}).status_code == 302
    desk.worker.work()
    assert column(handle, "status") == "succeeded"
    assert Queue.objects.get(pk="default").paused_at is None
    assert desk.otto.get("/admin/actions/queue/nonsense/pause/").status_code == 404


# The audit


def test_the_audit_is_filtered_by_verb_actor_time_and_execution(desk):
    one, two = desk.failed(), desk.failed()
    key = keyed("action:*:retry")
    retry(one.id, actor=key, reason="by a key")
    for query in (
        "verb=execution.retried",
        "actor=api_key",
        "since=hour&verb=execution.retried",
        f"q={quote(key.label)}",
    ):
        shown = text_of(desk.ada.get(f"{AUDIT}?{query}"))
        assert "by a key" in shown, query
        assert two.id not in shown, query
    assert two.id not in text_of(desk.ada.get(f"{AUDIT}?q={one.id}"))
    for odd in ("verb=nonsense", "since=x", "actor=%00", "q=%00", "p=abc", "nonsense=1", f"q={'x' * 10_000}"):
        assert desk.ada.get(f"{AUDIT}?{odd}", follow=True).status_code == 200, odd


def test_an_entry_shows_all_of_it_and_odd_ids_are_not_found(desk):
    one = desk.failed()
    retry(one.id, actor=ALICE, reason="<b>bold</b>")
    entry = AuditEntry.objects.get(verb="execution.retried")
    shown = desk.ada.get(f"{AUDIT}{entry.pk}/change/")
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown.content.decode()
    assert one.id in text_of(shown)
    assert desk.otto.get(f"{AUDIT}{entry.pk}/change/").status_code == 403
    for odd in ("0", "abc", "9" * 30, "-1", "٣"):
        assert desk.ada.get(f"{AUDIT}{odd}/change/").status_code == 404, odd


def test_acts_stand_in_the_history_of_the_admin_too(desk):
    one = desk.failed()
    opened = hidden_in(desk.otto.get(page_of(one, "retry")))
    desk.otto.post(page_of(one, "retry"), {**opened, "reason": WHY})
    assert WHY in text_of(desk.otto.get(f"{LIST}{public_id(key_of(one))}/history/"))
