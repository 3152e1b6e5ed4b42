"""Events by the admin: one form is one event, bad input stands at its field, and who may not is refused."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.models import AuditEntry, ExternalEvent
from tests.app import actions as app
from tests.interfaces.desk import WHY, desk, hidden_in, page_of, text_of
from tests.interfaces.processes import emitted, review
from tests.stage import compose, engine

__all__ = ["compose", "desk", "engine", "review"]


def test_an_event_lets_the_workflow_go_on(desk, review):
    handle = review.invoke()
    desk.worker.work()
    page = desk.otto.get(page_of(handle))
    assert "Waits for the event review , until" in text_of(page)
    assert page_of(handle, "emit") in page.content.decode()
    answer = emitted(desk.otto, handle, '{"approved": true}')
    assert "Told: the workflow waited for this event, and goes on." in text_of(answer)
    desk.worker.work()
    assert handle.result() == {"approved": True}
    page = desk.otto.get(page_of(handle))
    assert "review otto user wait:review" in text_of(page)
    assert '"approved": true' in text_of(page)
    entry = AuditEntry.objects.get(verb="execution.emitted")
    assert (entry.actor_label, entry.reason, entry.data["event"]) == ("otto", WHY, "review")


def test_an_event_that_nobody_waits_for_is_kept_and_said_to_be(desk, review):
    handle = review.invoke()
    answer = emitted(desk.otto, handle, "1", name="review")
    assert "does not wait for this event now" in text_of(answer)
    assert "not taken yet" in text_of(desk.otto.get(page_of(handle)))
    desk.worker.work()
    assert handle.result() == 1


def test_the_same_form_twice_is_one_event(desk, review):
    handle = review.invoke()
    desk.worker.work()
    opened = desk.otto.get(page_of(handle, "emit"))
    sent = {**hidden_in(opened), "name": "review", "payload": "[1]", "reason": WHY}
    desk.otto.post(page_of(handle, "emit"), sent)
    desk.worker.work()
    again = desk.otto.post(page_of(handle, "emit"), sent, follow=True)
    assert "This event was told before, and kept; nothing was done twice." in text_of(again)
    assert ExternalEvent.objects.count() == 1
    other = desk.otto.post(page_of(handle, "emit"), {**sent, "payload": "[2]"})
    assert other.status_code == 200
    assert "This form was sent before with another event" in text_of(other)
    assert hidden_in(other)["form_key"] != sent["form_key"]
    assert ExternalEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ("{", "ends"), ("{'a': 1}", ""), ('{"a": 1, "a": 2}', "twice"), ("NaN", ""), ("1e999", ""), ("[" * 500, ""),
        ('{"a": "\\u0000"}', "U+0000"), ("yes", ""), ('"\\ud800"', ""),
    ],
)  # fmt: skip
def test_a_bad_payload_is_refused_at_its_field(desk, review, payload, fault):
    handle = review.invoke()
    desk.worker.work()
    answer = emitted(desk.otto, handle, payload)
    assert answer.status_code == 200
    (error,) = answer.context["form"].errors["payload"]
    assert fault.lower() in error.lower()
    assert answer.context["form"]["payload"].value() == payload
    assert (ExternalEvent.objects.count(), handle.status) == (0, "waiting")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\x00b"),
        ("name", "\ud800"),
        ("reason", " "),
        ("reason", "x" * 2_001),
    ],
)
def test_what_else_is_wrong_stands_at_its_field(desk, review, field, text):
    handle = review.invoke()
    desk.worker.work()
    answer = emitted(desk.otto, handle, "1", **{field: text.encode("utf-8", "replace").decode()})
    if text != "\ud800":
        assert answer.status_code == 200
        assert field in answer.context["form"].errors
        assert ExternalEvent.objects.count() == 0


def test_emit_is_hidden_and_refused_without_its_permission(desk, review):
    handle = review.invoke()
    desk.worker.work()
    assert page_of(handle, "emit") not in desk.vera.get(page_of(handle)).content.decode()
    assert desk.vera.get(page_of(handle, "emit")).status_code == 403
    assert desk.vera.post(page_of(handle, "emit"), {"name": "review", "reason": WHY}).status_code == 403
    assert desk.nora.get(page_of(handle, "emit")).status_code == 403
    assert (ExternalEvent.objects.count(), handle.status) == (0, "waiting")
    assert AuditEntry.objects.filter(verb="access.denied", actor_label="vera").count() == 1
    strangers = Client().post(page_of(handle, "emit"), {"name": "review", "reason": WHY})
    assert strangers.status_code == 302
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(User.objects.get(username="otto"))
    assert guarded.post(page_of(handle, "emit"), {"name": "review", "reason": WHY}).status_code == 403
    assert ExternalEvent.objects.count() == 0


def test_what_waits_for_no_events_is_told_so(desk, review):
    plain = app.noop.invoke()
    handle = review.invoke()
    emitted(desk.otto, handle, "1", name="review")
    desk.worker.work()
    for execution, why in ((plain, "is no workflow"), (handle, "is succeeded already")):
        answer = desk.otto.get(page_of(execution, "emit"))
        assert answer.status_code == 409
        assert why in text_of(answer)
        assert page_of(execution, "emit") not in desk.otto.get(page_of(execution)).content.decode()
    late = desk.otto.post(page_of(handle, "emit"), {"name": "review", "payload": "2", "reason": WHY})
    assert late.status_code == 409
    assert "the event was not kept" in text_of(late)


def test_payloads_of_events_need_their_own_permission(desk, review):
    handle = review.invoke()
    emitted(desk.otto, handle, '{"note": "only-for-some-eyes", "password": "hunter2"}', name="review")
    assert "only-for-some-eyes" in text_of(desk.otto.get(page_of(handle)))
    assert "only-for-some-eyes" not in text_of(desk.vera.get(page_of(handle)))
    assert "review" in text_of(desk.vera.get(page_of(handle)))
    assert "hunter2" not in desk.ada.get(page_of(handle)).content.decode()


def test_a_long_payload_is_not_put_on_the_page(desk, review):
    handle = review.invoke()
    emitted(desk.otto, handle, f'"{"x" * 30_000}"', name="review")
    page = desk.otto.get(page_of(handle))
    assert len(page.content) < 60_000
    assert "30002 characters" in text_of(page)
