"""Callbacks: every end of an execution is told, at least once, signed, under an id of its own that stays."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from standardwebhooks.webhooks import Webhook

from actions import Context, GiveUp, InDoubt
from actions.definitions.callback import Callback, Kept
from actions.definitions.registry import registry
from actions.engine.callbacks import DELIVER
from actions.engine.callbacks.deliver import installation_secrets
from actions.engine.callbacks.hand_over import hand_over
from actions.engine.callbacks.keep import checked, restored
from actions.engine.maintain import Maintain, prune
from actions.engine.operate.cancel import cancel
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.trigger import trigger
from actions.engine.rescue import rescue
from actions.errors import InvalidInput
from actions.outside import network
from actions.queries.deliveries import deliveries
from tests.app import actions as app
from tests.provider import Provider, answer, provider, resets
from tests.stage import ALICE, column, outcomes, rows, value

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLACE = {"url": "https://receiver.example/ends?token=canary-token", "secret": SECRET}

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def allow(settings: Any) -> Any:
    """Lets callbacks go to that server; returns what invoke() takes."""

    def let(one: Provider, secret: str = SECRET) -> dict[str, str]:
        settings.DOPLATFORM = {
            **settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": [one.place], "OUTSIDE_ALLOW_HTTP": True,
        }  # fmt: skip
        return {"url": one.url, "secret": secret} if secret else {"url": one.url}

    return let


def told() -> list[tuple[Any, ...]]:
    return rows("SELECT status, attempt FROM actions_delivery ORDER BY ended_at")


def test_an_end_is_told_signed_and_logged(crew: Any, allow: Any):
    with provider() as one:
        handle = app.echo.invoke(value={"a": 1}, callback=allow(one))
        crew().work()
        assert one.asked == []
        assert hand_over() == 1
        crew().work()
    (request,) = one.ledger
    (log,) = deliveries()
    assert Webhook(SECRET).verify(request.body, request.headers) == {
        "type": "execution.succeeded",
        "timestamp": log["ended_at"],
        "data": {"id": handle.id, "action": "test-echo", "status": "succeeded", "attempt": 1, "result": {"a": 1}},
    }
    assert request.headers["webhook-id"] == log["id"]
    assert (log["state"], log["answered"], log["tries"], log["error"]) == ("delivered", 200, 1, None)
    assert log["execution"] == handle.id
    assert (column(log["carrier"], "action_id"), column(log["carrier"], "status")) == (DELIVER, "succeeded")
    assert hand_over() == 0


def test_executions_without_a_callback_leave_nothing(crew: Any):
    app.echo.invoke(value=1)
    app.echo.invoke_many([{"value": 2}])
    crew().work()
    assert (told(), hand_over(), column(app.echo.invoke(value=3), "has_callback")) == ([], 0, False)


@pytest.mark.parametrize("many", [False, True])
def test_a_callback_is_stored_with_the_execution_or_not_at_all(many: bool):
    if many:
        app.echo.invoke_many([{"value": 1}, {"value": 2}], idempotency_keys=["a", "b"], callback=PLACE)
        app.echo.invoke_many([{"value": 1}, {"value": 3}], idempotency_keys=["a", "c"], callback=PLACE)
    else:
        for key in ("a", "b", "a", None):
            app.echo.invoke(value=1, idempotency_key=key, callback=PLACE)
    assert value("SELECT count(*) FROM actions_callback") == 3
    assert value("SELECT count(*) FROM actions_execution WHERE has_callback") == 3


def test_an_operator_may_name_one():
    accepted = trigger("test-echo", {"value": 1}, actor=ALICE, callback=Callback(PLACE["url"]))
    assert column(accepted.id, "has_callback") is True


# Whatever verb ends it


def test_every_end_is_told_whatever_ended_it(crew: Any, declare: Any, short_lease: Any):
    @declare("stage-doubt", effects="external")
    def doubt(context: Context) -> None:
        if context.attempt == 1:
            raise InDoubt("no reply")
        raise GiveUp("no use")

    handle = doubt.invoke(callback=PLACE)
    worker = crew()
    worker.work()
    resolve(handle.id, answer=Answer.RUN_AGAIN, actor=ALICE, reason="asked")
    worker.work()
    retry(handle.id, actor=ALICE, reason="again")
    cancel(handle.id, actor=ALICE, reason="enough")
    assert told() == [("in_doubt", 1), ("failed", 2), ("cancelled", 2)]
    lost = app.external.invoke(callback=PLACE)
    dying = crew()
    dying.claim()
    dying.freeze()
    dying.crash()
    rescue()
    assert column(lost, "status") == "in_doubt"
    resolve(lost.id, answer=Answer.HAPPENED, actor=ALICE, reason="asked", result="sent")
    assert told()[3:] == [("in_doubt", 1), ("succeeded", 1)]


def test_a_workflow_tells_its_own_end_and_not_its_steps(crew: Any, compose: Any):
    @compose("stage-flow")
    def flow() -> int:
        return app.echo(value=1)

    flow.invoke(callback=PLACE)
    crew().work()
    assert told() == [("succeeded", 1)]


def test_the_end_and_its_delivery_are_one_commit(crew: Any):
    app.write_row.invoke(callback=PLACE)
    rows("ALTER TABLE actions_delivery ADD CONSTRAINT nothing_goes CHECK (false) NOT VALID")
    worker = crew()
    try:
        worker.settle(worker.claim())
    finally:
        rows("ALTER TABLE actions_delivery DROP CONSTRAINT nothing_goes")
    assert rows("SELECT status FROM actions_execution") == [("retrying",)]
    assert (value("SELECT count(*) FROM app_effect"), told()) == (0, [])
    worker.work()
    assert (value("SELECT count(*) FROM app_effect"), told()) == (1, [("succeeded", 2)])


def test_a_delivery_tells_the_end_as_it_was(crew: Any, allow: Any, declare: Any):
    @declare("stage-moody")
    def moody(context: Context) -> str:
        if context.attempt == 1:
            raise GiveUp("not today")
        return "at last"

    with provider() as one:
        handle = moody.invoke(callback=allow(one))
        worker = crew()
        worker.work()
        retry(handle.id, actor=ALICE, reason="again")
        worker.work()
        hand_over()
        worker.work()
    first, second = sorted((request.json() for request in one.ledger), key=lambda document: document["timestamp"])
    assert first["type"] == "execution.failed"
    assert first["data"]["error"] == {"code": "gave_up", "class": "actions.errors.GiveUp", "message": "not today"}
    assert "result" not in first["data"]
    assert (second["data"]["result"], second["data"]["attempt"]) == ("at last", 2)
    assert len({request.headers["webhook-id"] for request in one.ledger}) == 2


# Receivers that fail


def test_a_receiver_that_is_down_is_told_when_it_is_up(crew: Any, allow: Any):
    with provider(answer(500), resets, answer(200)) as one:
        app.echo.invoke(value=1, callback=allow(one))
        worker = crew()
        worker.work()
        one.down()
        hand_over()
        worker.settle(worker.claim())
        (log,) = deliveries()
        assert (log["state"], log["tries"]) == ("pending", 1)
        assert "cannot be reached" in log["error"]
        assert 4 < value("SELECT extract(epoch FROM available_at - now()) FROM actions_execution ORDER BY id DESC") <= 5
        one.up()
        worker.work()
    (log,) = deliveries()
    assert (log["state"], log["tries"], outcomes(log["carrier"])) == (
        "delivered", 4, ["failed", "failed", "failed", "succeeded"],
    )  # fmt: skip
    assert {request.headers["webhook-id"] for request in one.asked} == {log["id"]}
    for request in one.asked:
        Webhook(SECRET).verify(request.body, request.headers)


def test_after_the_last_try_it_is_visibly_dead_and_a_retry_brings_it_back(crew: Any, allow: Any):
    with provider(answer(503)) as one:
        app.echo.invoke(value=1, callback=allow(one))
        worker = crew()
        worker.work()
        hand_over()
        worker.work()
        (log,) = deliveries(state="dead")
        assert (log["tries"], log["error"]) == (12, "The receiver answered 503.")
        assert log["dead_at"] is not None
        assert deliveries(state="pending") == deliveries(state="delivered") == []
        one.ways = [answer(204)]
        retry(log["carrier"], actor=ALICE, reason="they are back")
        worker.work()
    (log,) = deliveries()
    assert (log["state"], log["answered"], log["dead_at"]) == ("delivered", 204, None)


def test_the_tries_take_about_a_day():
    policy = registry.find(DELIVER).retry
    waits = [policy.next_delay(tries, 0.0) for tries in range(1, policy.max_attempts)]
    assert waits[0] == 5
    assert 20 * 3_600 < sum(waits) < 28 * 3_600


def test_a_cancelled_carrier_and_a_gone_receiver_are_dead_too(crew: Any, allow: Any):
    with provider(answer(410)) as one:
        app.echo.invoke_many([{"value": 1}, {"value": 2}], callback=allow(one))
        worker = crew()
        worker.work()
        hand_over()
        cancel(deliveries()[0]["carrier"], actor=ALICE, reason="enough")
        worker.work()
    assert [log["state"] for log in deliveries()] == ["dead", "dead"]
    assert len(one.asked) == 1


def test_what_was_delivered_is_not_sent_again(crew: Any, allow: Any):
    with provider() as one:
        app.echo.invoke(value=1, callback=allow(one))
        worker = crew()
        worker.work()
        hand_over()
        rows("UPDATE actions_delivery SET delivered_at = now(), answered = 202")
        worker.work()
    (log,) = deliveries()
    assert (one.asked, column(log["carrier"], "result")) == ([], {"answered": 202})


def test_a_name_that_leads_inside_is_refused_at_every_delivery(crew: Any, monkeypatch: Any):
    app.echo.invoke(value=1, callback=PLACE)
    worker = crew()
    worker.work()
    monkeypatch.setattr(network, "resolve", lambda *_: ["169.254.169.254"])
    hand_over()
    worker.work()
    (log,) = deliveries(state="dead")
    assert column(log["carrier"], "error")["code"] == "blocked_destination"


# What is refused


@pytest.mark.parametrize(
    ("callback", "code", "path"),
    [
        ({"url": "http://127.0.0.1/"}, "url_not_allowed", "callback.url"),
        ({"url": "https://localhost./"}, "url_not_allowed", "callback.url"),
        ({"url": ""}, "url_not_allowed", "callback.url"),
        ({}, "invalid_callback", "callback.url"),
        ({"url": 7}, "invalid_callback", "callback.url"),
        ({"url": "https://a.example/", "secret": 7}, "invalid_callback", "callback.secret"),
        ({"url": "https://a.example/", "secret": "hunter2"}, "callback_secret_invalid", "callback.secret"),
        ({"url": "https://a.example/", "more": 1}, "invalid_callback", "callback.more"),
        ("https://a.example/", "invalid_callback", "callback"),
    ],
)
def test_a_callback_that_cannot_be_is_refused_and_nothing_is_stored(callback: Any, code: str, path: str):
    for ask in (
        lambda: app.echo.invoke(value=1, callback=callback),
        lambda: app.echo.invoke_many([{"value": 1}], callback=callback),
    ):
        with pytest.raises(InvalidInput) as refusal:
            ask()
        assert (refusal.value.code, refusal.value.path) == (code, path)
        assert "hunter2" not in str(refusal.value)
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_what_a_key_keeps_can_be_restored():
    kept = checked(Callback(PLACE["url"], SECRET))
    assert kept is not None and kept.secret is not None
    assert SECRET.encode() not in kept.secret
    assert restored(kept) == Callback(PLACE["url"], SECRET)
    assert restored(Kept(PLACE["url"], None)) == Callback(PLACE["url"])
    assert SECRET not in repr(Callback(PLACE["url"], SECRET))


# Secrets and signatures


def test_without_a_secret_the_installations_sign(crew: Any, allow: Any, settings: Any, capsys: Any):
    with provider() as one:
        settings.DOPLATFORM = {**settings.DOPLATFORM, "CALLBACK_SECRETS": [SECRET, "whsec_" + "b2xk" * 8]}
        app.echo.invoke(value=1, callback=allow(one, secret=""))
        worker = crew()
        worker.work()
        hand_over()
        worker.work()
    call_command("deliveries", "secret")
    shown = capsys.readouterr().out.split()
    assert shown == installation_secrets() and len(shown) == 2
    for secret in shown:
        Webhook(secret).verify(one.ledger[0].body, one.ledger[0].headers)
    settings.DOPLATFORM = {**settings.DOPLATFORM, "CALLBACK_SECRETS": []}
    (derived,) = installation_secrets()
    assert derived.startswith("whsec_") and derived not in shown


def test_secrets_and_queries_of_urls_are_shown_nowhere(crew: Any, monkeypatch: Any, capsys: Any):
    app.echo.invoke(value=1, callback=PLACE)
    worker = crew()
    worker.work()
    monkeypatch.setattr(network, "resolve", lambda *_: ["127.0.0.1"])
    hand_over()
    worker.work()
    tables = ("actions_execution", "actions_attempt", "actions_auditentry", "actions_delivery")
    kept = "".join(str(value(f"SELECT json_agg(row) FROM {table} AS row")) for table in tables)
    call_command("deliveries", "list", "--json")
    printed = capsys.readouterr().out
    assert json.loads(printed)["deliveries"][0]["url"] == "https://receiver.example/ends?••••"
    assert [text for text in ("canary-token", SECRET) if text in kept + printed] == []
    assert value("SELECT position(%s::bytea IN secret) FROM actions_callback", SECRET.encode()) == 0


# Chores


def test_maintain_hands_over_and_prune_takes_all_of_it(crew: Any, allow: Any):
    with provider() as one:
        app.echo.invoke(value=1, callback=allow(one))
        worker = crew()
        worker.work()
        maintain = Maintain()
        assert maintain.step()
        worker.work()
        assert len(one.ledger) == 1
        rows("UPDATE actions_execution SET finished_at = now() - interval '60 days', "
             "id = ('00' || right(id::text, 34))::uuid WHERE has_callback RETURNING id")  # fmt: skip
        rows("UPDATE actions_callback SET execution_id = (SELECT id FROM actions_execution WHERE has_callback)")
        rows("UPDATE actions_delivery SET execution_id = (SELECT execution_id FROM actions_callback)")
    assert prune() == 1
    assert [value(f"SELECT count(*) FROM actions_{table}") for table in ("callback", "delivery")] == [0, 0]


def test_many_are_handed_over_at_once_and_once(crew: Any, monkeypatch: Any):
    app.noop.invoke_many([{"n": n} for n in range(7)], callback=PLACE)
    crew().work()
    monkeypatch.setattr("actions.engine.callbacks.hand_over._BATCH", 3)
    assert (hand_over(), hand_over()) == (7, 0)
    assert value("SELECT count(*) FROM actions_execution WHERE action_id = %s", DELIVER) == 7


def test_where_the_carrier_is_disabled_deliveries_wait(crew: Any, settings: Any):
    app.noop.invoke(callback=PLACE)
    crew().work()
    before = settings.DOPLATFORM
    settings.DOPLATFORM = {**before, "ACTIONS_DISABLED": [DELIVER]}
    assert hand_over() == 0
    settings.DOPLATFORM = before
    assert hand_over() == 1
