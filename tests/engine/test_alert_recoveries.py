"""What lasts and is over: who was told of it is told that, once, after it; and nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from actions.engine.alerts import fire
from actions.engine.alerts.channels.disable import disable
from actions.engine.alerts.message import message_of
from actions.engine.alerts.rules.change import change
from actions.engine.alerts.rules.pause import pause, resume
from actions.engine.alerts.rules.remove import remove
from actions.engine.alerts.rules.wanted import Wanted
from actions.engine.alerts.watch import watch as look_once
from actions.models import Alert, AlertDelivery, AlertRule, Queue
from actions.queries import alerts as queries
from tests.alerting import SECRET, WHY, allow, channel, later, rule, watch
from tests.app import actions as app
from tests.provider import answer, provider
from tests.stage import ALICE, StageWorker, all_at_once, column, crew, engine, outcomes, rows, worker

__all__ = ["allow", "crew", "engine", "worker"]
pytestmark = pytest.mark.usefixtures("engine")
HOOK = "https://receiver.example/hook"
_NOOP = "WHERE status = 'queued' AND action_id = 'test-noop'"


def bad() -> None:
    """Something waits for too long."""
    app.noop.invoke()
    rows("UPDATE actions_execution SET available_at = now() - interval '1 hour' " + _NOOP)


def good() -> None:
    """Nothing does any more."""
    rows("UPDATE actions_execution SET available_at = now() + interval '1 hour' " + _NOOP)


def recoveries() -> list[tuple[Any, str]]:
    """Which alerts were told to be over, and where."""
    return list(AlertDelivery.objects.filter(recovery=True).order_by("id").values_list("alert_id", "channel_name"))


def log(*, recovery: bool) -> dict[str, Any]:
    (one,) = [one for alert in queries.log() for one in alert["deliveries"] if one["recovery"] == recovery]
    return one


def test_that_it_is_over_is_told_once_to_who_was_told_under_an_id_of_its_own(worker: StageWorker, allow: Any):
    with provider() as one:
        allow(one.place)
        rule("queue_age", channel(one.url, secret=SECRET))
        bad()
        (alert,) = watch()
        rows("UPDATE actions_alert SET at = at - interval '25 minutes'")
        worker.work()
        assert len(one.asked) == 1
        assert watch() == watch() == []
        worker.work()
        worker.work()
    first, second = one.asked
    Webhook(SECRET).verify(second.body, second.headers)
    assert (first.headers["webhook-id"], second.headers["webhook-id"]) == (alert.public_id, f"rec_{alert.id.hex}")
    alert.refresh_from_db()
    told = second.json()
    assert (told["type"], told["timestamp"]) == ("recovery.queue_age", alert.recovered_at.isoformat())
    assert told["data"] == {
        "id": alert.public_id, "rule": "queue_age", "kind": "queue_age", "subject": "default",
        "title": "Recovered: Queue default: something waits for 60 min", "text": told["data"]["text"],
        "url": f"https://do.example/x/alerts/log/{alert.public_id}/", "since": alert.at.isoformat(),
        "seconds": round((alert.recovered_at - alert.at).total_seconds()),
    }  # fmt: skip
    assert told["data"]["text"].startswith("It lasted for 25 min: found at ")
    alerted, over = log(recovery=False), log(recovery=True)
    assert (over["state"], over["channel"], over["tries"]) == ("delivered", "team", 1)
    assert over["carrier"] != alerted["carrier"]


def _switched_off(made: int, _hook: int) -> Any:
    return change(made, Wanted(name="queue_age", channels=(_hook,), tell_recovery=False), actor=ALICE, reason=WHY)


def _limited(made: int, _hook: int) -> Any:
    return change(made, Wanted(name="queue_age", channels=(_hook,), threshold=90_000.0), actor=ALICE, reason=WHY)


def _elsewhere(made: int, _hook: int) -> Any:
    Queue.objects.create(name="other")
    return change(made, Wanted(name="queue_age", channels=(_hook,), scope="queue", of="other"), actor=ALICE, reason=WHY)


def _interrupted(made: int, _hook: int) -> Any:
    pause(made, actor=ALICE, reason=WHY)
    return resume(made, actor=ALICE, reason=WHY)


def _dead(_made: int, _hook: int) -> Any:
    rows(
        "UPDATE actions_execution SET status = 'failed', finished_at = now(), error = '{}' WHERE action_id = 'doplatform.deliver-alert'"
    )


WAYS: dict[str, Callable[[int, int], Any]] = {
    "switched off": _switched_off,
    "another limit": _limited,
    "something else": _elsewhere,
    "paused": lambda made, _: pause(made, actor=ALICE, reason=WHY),
    "paused and resumed": _interrupted,
    "removed": lambda made, _: remove(made, actor=ALICE, reason=WHY),
    "the channel disabled": lambda _, hook: disable(hook, actor=ALICE, reason=WHY),
    "the alert did not arrive": _dead,
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_not_told_where_nobody_waits_for_it(worker: StageWorker, way: str):
    hook = channel(HOOK)
    made = rule("queue_age", hook)
    bad()
    assert len(watch()) == 1
    WAYS[way](made, hook)
    good()
    watch()
    assert Alert.objects.get().recovered_at is not None
    assert recoveries() == []


@pytest.mark.parametrize("why", ["no channel", "held"])
def test_an_alert_that_was_not_sent_has_no_recovery(worker: StageWorker, why: str, monkeypatch: pytest.MonkeyPatch):
    if why == "held":
        monkeypatch.setattr(fire, "MOST", 0)
    rule("queue_age", *([channel(HOOK)] if why == "held" else []))
    bad()
    assert [alert.held for alert in watch()] == [why == "held"]
    good()
    watch()
    assert (Alert.objects.get().recovered_at is not None, recoveries()) == (True, [])


def test_what_comes_and_goes_is_over_as_often_as_it_was_told(worker: StageWorker):
    rule("queue_age", channel(HOOK))
    told = []
    for _ in range(3):
        bad()
        told += watch()
        good()
        watch()
    assert (len(told), recoveries()) == (1, [(told[0].pk, "team")])
    later()
    bad()
    told += watch()
    good()
    watch()
    assert recoveries() == [(alert.pk, "team") for alert in told]
    assert len(told) == 2


def test_what_was_told_again_and_again_is_over_once_for_each_channel_that_was_told(worker: StageWorker):
    first, second = channel(HOOK, name="first"), channel(HOOK, name="second")
    made = rule("queue_age", first, second)
    bad()
    (old,) = watch()
    change(made, Wanted(name="queue_age", channels=(first,)), actor=ALICE, reason=WHY)
    later()
    (new,) = watch()
    good()
    watch()
    assert sorted(recoveries()) == sorted([(new.pk, "first"), (old.pk, "second")])
    # And one incident for pagers, from the first alert to its end.
    assert {message_of(one).incident for one in AlertDelivery.objects.all()} == {old.public_id}


def test_its_turn_comes_after_the_alert_and_waiting_counts_as_no_try(worker: StageWorker, allow: Any):
    with provider(answer(500), answer(200)) as one:
        allow(one.place)
        rule("queue_age", channel(one.url))
        bad()
        watch()
        one.down()
        worker.work(waiting=False)
        watch()
        worker.work(waiting=False)
        assert (log(recovery=False)["state"], log(recovery=True)["state"]) == ("pending", "pending")
        carrier = log(recovery=True)["carrier"]
        assert (outcomes(carrier), column(carrier, "tries")) == (["postponed"], 0)
        one.up()
        worker.work()
    types = [request.json()["type"] for request in one.ledger]
    assert types == ["alert.queue_age", "alert.queue_age", "recovery.queue_age"]
    assert log(recovery=True)["state"] == "delivered"


def test_where_the_alert_dies_its_end_is_given_up_and_not_sent(worker: StageWorker, allow: Any):
    with provider(answer(410)) as one:
        allow(one.place)
        rule("queue_age", channel(one.url))
        bad()
        watch()
        good()
        watch()
        worker.work()
    assert (log(recovery=False)["state"], log(recovery=True)["state"], len(one.asked)) == ("dead", "dead", 1)
    assert log(recovery=True)["error"] == "The alert itself did not arrive there, so nobody waits for its end."


def test_two_maintains_at_once_tell_it_once(worker: StageWorker):
    """Exactly one for each alert and channel, whoever looks"""
    hooks = [channel(HOOK, name=name) for name in ("first", "second")]
    rule("queue_age", *hooks)
    bad()
    (alert,) = watch()
    good()
    assert all_at_once([look_once] * 4) == [0] * 4
    assert sorted(recoveries()) == [(alert.pk, "first"), (alert.pk, "second")]
    assert AlertDelivery.objects.filter(carrier=None).count() == 0


def test_after_a_restart_of_the_server_no_worker_is_not_over_before_one_could_be_seen(crew: Any, settings: Any):
    rule("no_worker", channel(HOOK), threshold=1.0)
    rows("UPDATE actions_alertrule SET since = now() - interval '2 minutes'")
    knobs = settings.DOPLATFORM
    settings.DOPLATFORM = {**knobs, "LEASE": 0.05}
    assert len(watch()) == 1
    # So long a lease that the server is younger.
    settings.DOPLATFORM = {**knobs, "LEASE": 1e8}
    assert watch() == []
    assert (Alert.objects.get().recovered_at, recoveries()) == (None, [])
    crew()
    settings.DOPLATFORM = {**knobs, "LEASE": 0.05}
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour'")
    watch()
    assert len(recoveries()) == 1


def test_the_switch_is_of_kinds_that_last():
    for kind, wanted in (("failure", True), ("queue_age", True), ("no_worker", False)):
        rule(kind, tell_recovery=wanted)
    assert dict(AlertRule.objects.values_list("kind", "tell_recovery")) == {
        "failure": False, "queue_age": True, "no_worker": False,
    }  # fmt: skip
