"""Alerts on their way: the same id until they have arrived, or visibly dead; and no address where anybody looks."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from standardwebhooks.webhooks import Webhook

from actions.definitions.registry import registry
from actions.engine.alerts import DELIVER
from actions.engine.alerts.channels.change_address import change_address
from actions.engine.alerts.channels.disable import disable
from actions.engine.alerts.channels.remove import remove
from actions.engine.alerts.channels.try_out import try_out
from actions.engine.operate.retry import retry
from actions.errors import AlertChannelDisabled, InvalidInput
from actions.models import Alert, AlertDelivery
from actions.queries import alerts as queries
from tests.alerting import SECRET, WHY, Mailbox, allow, channel, mailbox, rule, watch
from tests.app import actions as app
from tests.provider import answer, provider, resets
from tests.stage import ALICE, StageWorker, column, crew, engine, outcomes, rows, value, worker

__all__ = ["allow", "crew", "engine", "worker"]
pytestmark = pytest.mark.usefixtures("engine")


def log() -> list[dict[str, Any]]:
    return [delivery for alert in queries.log() for delivery in alert["deliveries"]]


def one_alert(worker: StageWorker, *channels: int) -> Alert:
    rule("failure", *channels)
    app.give_up.invoke()
    worker.work()
    (alert,) = watch()
    return alert


def test_a_webhook_is_told_signed_once(worker: StageWorker, allow: Any):
    with provider() as one:
        allow(one.place)
        alert = one_alert(worker, channel(one.url, secret=SECRET))
        worker.work()
        worker.work()
    (request,) = one.asked
    Webhook(SECRET).verify(request.body, request.headers)
    assert request.headers["webhook-id"] == alert.public_id
    told = request.json()
    assert told["type"] == "alert.failure"
    assert told["data"] == {
        "id": alert.public_id, "rule": "failure", "kind": "failure", "subject": "test-give-up", "title": alert.title,
        "text": alert.text, "url": f"https://do.example/x/{alert.link}",
    }  # fmt: skip
    (entry,) = log()
    assert (entry["state"], entry["channel"], entry["tries"]) == ("delivered", "team", 1)
    assert entry["delivered_at"] is not None


def test_a_receiver_that_is_down_is_told_when_it_is_up_with_the_same_id(worker: StageWorker, allow: Any):
    """I-18, F25"""
    with provider(answer(500), resets, answer(200)) as one:
        allow(one.place)
        alert = one_alert(worker, channel(one.url, secret=SECRET))
        one.down()
        worker.settle(worker.claim())
        (entry,) = log()
        assert (entry["state"], entry["tries"]) == ("pending", 1)
        assert "cannot be reached" in entry["error"]
        one.up()
        worker.work()
    (entry,) = log()
    assert (entry["state"], outcomes(entry["carrier"])) == ("delivered", ["failed", "failed", "failed", "succeeded"])
    assert {request.headers["webhook-id"] for request in one.asked} == {alert.public_id}


def test_after_the_last_try_it_is_visibly_dead_and_a_retry_brings_it_back(worker: StageWorker, allow: Any):
    """I-18"""
    with provider(answer(500)) as one:
        allow(one.place)
        one_alert(worker, channel(one.url))
        worker.work()
        (entry,) = log()
        assert (entry["state"], entry["tries"], entry["error"]) == ("dead", 12, "The receiver answered 500.")
        one.ways = [answer(204)]
        retry(entry["carrier"], actor=ALICE, reason="they are back")
        worker.work()
    assert log()[0]["state"] == "delivered"
    policy = registry.find(DELIVER).retry
    assert 20 * 3_600 < sum(policy.next_delay(tries, 0.0) for tries in range(1, policy.max_attempts)) < 28 * 3_600


def test_a_failed_delivery_is_no_alert_itself(worker: StageWorker, allow: Any):
    with provider(answer(410)) as one:
        allow(one.place)
        one_alert(worker, channel(one.url))
        worker.work()
        assert log()[0]["state"] == "dead"
        assert watch() == []


def test_a_mail_arrives_by_apprise_when_its_server_is_back(worker: StageWorker, allow: Any):
    with mailbox() as box:
        allow(box.place)
        box.down()
        alert = one_alert(worker, channel(box.address, kind="apprise"))
        worker.settle(worker.claim())
        (entry,) = log()
        assert entry["state"] == "pending"
        assert entry["error"].startswith("The service behind mailto:// did not take it")
        box.up()
        box.refuses = True
        rows("UPDATE actions_execution SET available_at = now() WHERE status = 'retrying'")
        worker.settle(worker.claim())
        box.refuses = False
        worker.work()
        (mail,) = box.mails
    assert log()[0]["state"] == "delivered"
    body = mail.get_body(("plain", "html")).get_content()
    assert mail["Subject"] == "test-give-up: 1 failed"
    for part in ("GiveUp: no use", "Rule: failure", alert.public_id, "https://do.example/x/executions/"):
        assert part in body.replace("&amp;", "&")


def test_a_mail_server_inside_is_not_called(worker: StageWorker, allow: Any):
    """S-07: what Apprise resolves by itself is judged, and nothing was connected."""
    with mailbox() as box:
        allow("smtp.example")
        one_alert(worker, channel(box.address, kind="apprise"))
        worker.work()
    (entry,) = log()
    assert (entry["state"], entry["tries"], box.mails) == ("dead", 1, [])
    assert column(entry["carrier"], "error")["code"] == "blocked_destination"


def test_a_service_by_http_is_called_by_its_judged_address_and_follows_no_redirect(worker: StageWorker, allow: Any):
    with provider(answer(302, Location="http://127.0.0.1:9/"), answer(200, {"id": "1"})) as one:
        allow(one.place)
        one_alert(worker, channel(f"ntfy://{one.place}/topic-canary", kind="apprise"))
        worker.settle(worker.claim())
        (entry,) = log()
        assert (entry["state"], "it answered 302" in entry["error"]) == ("pending", True), entry["error"]
        worker.work()
    assert (log()[0]["state"], len(one.asked)) == ("delivered", 2)


def test_an_address_is_seen_nowhere(worker: StageWorker, allow: Any, caplog: Any, capsys: Any):
    """I-20: passwords, tokens and topics stand in the encrypted column alone."""
    caplog.set_level(logging.DEBUG)
    addresses = [
        ("slack", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrCANARY1/"),
        ("ntfy", "ntfy://user:pass-CANARY2@127.0.0.1:9/topic-CANARY3"),
        ("mail", "mailto://user:pass-CANARY4@127.0.0.1:9/?from=a@example.com&to=b@example.com"),
    ]
    allow("127.0.0.1:9")
    made = [channel(address, name=name, kind="apprise") for name, address in addresses]
    made.append(channel("http://127.0.0.1:9/hook-CANARY5?token=CANARY6", name="hook", secret=SECRET))
    rule("failure", *made)
    app.give_up.invoke()
    worker.work()
    watch()
    change_address(made[0], address="slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrCANARY7/", actor=ALICE, reason=WHY)
    disable(made[0], actor=ALICE, reason=WHY)
    worker.work(most=300)
    assert {entry["state"] for entry in log()} == {"dead"}
    tables = ("execution", "attempt", "auditentry", "alert", "alertdelivery", "alertrule", "alertchannel")
    kept = "".join(str(value(f"SELECT json_agg(row) FROM actions_{table} AS row")) for table in tables)
    for words in (["log"], ["channels"], ["rules"]):
        call_command("alerts", *words, "--json")
    seen = kept + capsys.readouterr().out + capsys.readouterr().err + caplog.text
    assert [part for part in ("CANARY", SECRET, "T1JJ3T3L2", "A1BRTD4JD") if part in seen] == []
    assert queries.channels()[0]["address"].endswith("://127.0.0.1:9")


def test_an_error_that_quotes_the_address_shows_dots(worker: StageWorker, allow: Any, monkeypatch: Any):
    """Whatever a library raises, and quotes"""

    def quotes(address: str, **_: Any) -> None:
        raise RuntimeError(f"cannot use {address}, nor TIiajkdnlazkcOXrCANARY1 by itself")

    monkeypatch.setattr("actions.engine.alerts.deliver.relay", quotes)
    one_alert(worker, channel("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrCANARY1/", kind="apprise"))
    worker.work()
    (entry,) = log()
    assert entry["error"] == "cannot use ••••, nor •••• by itself"
    assert "CANARY" not in value("SELECT json_agg(row)::text FROM actions_attempt AS row")


@pytest.mark.parametrize("ended", ["removed", "disabled"])
def test_a_channel_that_ended_meanwhile_is_not_told(worker: StageWorker, allow: Any, ended: str):
    with provider() as one:
        allow(one.place)
        made = channel(one.url)
        one_alert(worker, made)
        (remove if ended == "removed" else disable)(made, actor=ALICE, reason=WHY)
        worker.work()
    (entry,) = log()
    assert (entry["state"], ended in entry["error"], one.asked) == ("dead", True, [])


def test_a_test_goes_the_same_way(worker: StageWorker, allow: Any):
    with provider() as one:
        allow(one.place)
        made = channel(one.url)
        public = try_out(made, actor=ALICE, reason=WHY)
        worker.work()
    assert one.asked[0].json()["type"] == "alert.test"
    assert one.asked[0].headers["webhook-id"] == public
    disable(made, actor=ALICE, reason=WHY)
    with pytest.raises(AlertChannelDisabled):
        try_out(made, actor=ALICE, reason=WHY)
    assert AlertDelivery.objects.count() == 1


def test_where_the_carrier_is_disabled_deliveries_wait(worker: StageWorker, allow: Any, settings: Any):
    with provider() as one:
        allow(one.place)
        before = settings.DOPLATFORM
        settings.DOPLATFORM = {**before, "ACTIONS_DISABLED": [DELIVER]}
        one_alert(worker, channel(one.url))
        assert log()[0]["carrier"] is None
        settings.DOPLATFORM = before
        assert watch() == []
        worker.work()
    assert log()[0]["state"] == "delivered"


@pytest.mark.parametrize(
    ("kind", "address", "secret", "path"),
    [
        ("webhook", "http://example.com/", "", "address"),
        ("webhook", "https://10.0.0.1/", "", "address"),
        ("webhook", "https://example.com/", "hunter2", "secret"),
        ("apprise", "json://example.com/", "", "address"),
        ("apprise", "file:///etc/passwd", "", "address"),
        ("apprise", "mailto://user:hunter2@example.com", "", "address"),
        ("apprise", "mailtos://example.com/?verify=no", "", "address"),
        ("apprise", "workflows://a/b/c/?template=/etc/passwd", "", "address"),
        ("apprise", "mailtos://example.com/?mode=insecure", "", "address"),
        ("apprise", "slack://a b", "", "address"),
        ("apprise", "slack://", "", "address"),
        ("apprise", "slack://a/b/c", SECRET, "secret"),
        ("carrier pigeon", "slack://a/b/c", "", "kind"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_and_not_quoted(kind: str, address: str, secret: str, path: str):
    with pytest.raises(InvalidInput) as refusal:
        channel(address, kind=kind, secret=secret)
    assert refusal.value.path == path
    assert "hunter2" not in str(refusal.value)
    assert value("SELECT count(*) FROM actions_alertchannel") == 0


def test_processes_that_send_nothing_do_not_load_apprise():
    import subprocess
    import sys

    code = (
        "import os, sys, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.settings'); django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns; import actions.builtins;"
        "sys.exit('apprise' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_the_mail_server_of_these_tests_is_real():
    with mailbox() as box:
        assert isinstance(box, Mailbox)
        import smtplib

        with smtplib.SMTP("127.0.0.1", box.port, timeout=5) as client:
            assert client.noop()[0] == 250
