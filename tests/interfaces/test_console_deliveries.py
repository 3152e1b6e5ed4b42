"""The delivery log: what was told to whom, what is dead, and the way to try it again."""

import pytest

from actions.engine.callbacks.hand_over import hand_over
from actions.engine.operate.cancel import cancel
from actions.models import Delivery, Execution
from actions.queries import deliveries as queries
from tests.app import actions as app
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import ALICE, engine, rows

__all__ = ["desk", "engine"]

HOST = "receiver.example"


@pytest.fixture
def told(desk, settings):
    """An end that is to be told, and the execution that carries it."""
    settings.DOPLATFORM = {**settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": [HOST]}
    handle = app.noop.invoke(callback={"url": "https://receiver.example/canary-path?token=canary-token"})
    desk.worker.work()
    assert hand_over() == 1
    return handle


def carrier():
    return Execution.objects.get(pk=Delivery.objects.get().carrier_id)


def die(status="failed"):
    rows(
        "UPDATE actions_execution SET status = %s, attempt = 12, finished_at = now(), "
        'error = \'{"message": "<b>no answer</b>"}\' WHERE id = %s',
        status,
        carrier().pk,
    )


def test_who_may_see_executions_sees_it(desk, told):
    for browser in (desk.vera, desk.otto, desk.ada):
        assert browser.get("/deliveries/").status_code == 200
    answer = desk.nora.get("/deliveries/")
    assert (answer.status_code, "actions.view_execution" in text_of(answer)) == (403, True)
    assert 'href="/deliveries/"' in desk.vera.get("/executions/?q=").content.decode()


def test_a_row_says_what_to_whom_and_how_far(desk, told):
    answer = desk.vera.get("/deliveries/")
    body = text_of(answer)
    for said in ("test-noop", "pending", HOST, "succeeded"):
        assert said in body
    assert "canary" not in answer.content.decode()
    assert f"/executions/{told.id}/" in answer.content.decode()
    assert f"/executions/{carrier().public_id}/" in answer.content.decode()


def test_a_dead_one_leads_to_the_retry_of_its_carrier(desk, told):
    retry = f"/executions/{carrier().public_id}/retry/"
    assert retry not in desk.otto.get("/deliveries/").content.decode()
    die()
    shown = desk.otto.get("/deliveries/?state=dead")
    assert retry in shown.content.decode()
    assert "&lt;b&gt;no answer" in shown.content.decode()
    assert "dead" in text_of(shown)
    assert retry not in desk.vera.get("/deliveries/?state=dead").content.decode()
    assert desk.otto.get(retry).status_code == 200


def test_what_is_cancelled_or_pruned_is_not_retried(desk, told):
    cancel(carrier().public_id, actor=ALICE, reason=WHY)
    body = desk.otto.get("/deliveries/?state=dead").content.decode()
    assert "/retry/" not in body
    rows("DELETE FROM actions_execution")
    rows("DELETE FROM actions_callback")
    body = text_of(desk.otto.get("/deliveries/?state=dead"))
    assert "pruned" in body


def test_states_and_executions_narrow_it(desk, told):
    assert desk.vera.get("/deliveries/?state=delivered").context["rows"] == []
    assert len(desk.vera.get(f"/deliveries/?execution={told.id}").context["rows"]) == 1
    rows("UPDATE actions_delivery SET delivered_at = now(), answered = 204")
    assert "HTTP 204" in text_of(desk.vera.get("/deliveries/?state=delivered"))
    fault = desk.vera.get("/deliveries/?execution=nonsense")
    assert (fault.status_code, "is no id of an execution" in text_of(fault)) == (200, True)
    for odd in ("state=%00", "cursor=%00", "cursor=nonsense", f"execution={'x' * 3000}"):
        assert desk.vera.get(f"/deliveries/?{odd}").status_code == 200


def test_pages_lead_on_and_cost_the_same(desk, told, monkeypatch):
    rows(
        "INSERT INTO actions_delivery (id, execution_id, action, attempt, status, ended_at) "
        "SELECT gen_random_uuid(), gen_random_uuid(), 'old-' || n, 1, 'failed', now() - make_interval(hours => n / 2) "
        "FROM generate_series(1, 119) AS n"
    )
    seen, address = [], "/deliveries/"
    while address:
        answer = desk.vera.get(address)
        seen.append([told.row.pk for told in answer.context["rows"]])
        address = answer.context["older"]
    assert [len(page) for page in seen] == [50, 50, 20]
    assert len({row for page in seen for row in page}) == 120
    assert count_queries(desk.vera, "/deliveries/?state=pending") <= MOST_QUERIES
    monkeypatch.setattr(queries, "WINDOW", 100)
    first = desk.vera.get("/deliveries/?state=delivered")
    assert "Look further" in text_of(first)
    assert "Nothing matches" in text_of(desk.vera.get(first.context["older"]))
