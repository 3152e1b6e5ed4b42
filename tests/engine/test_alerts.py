"""Alerts: each kind of rule tells once of what it is for, is quiet for a while, and tells again after that."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from actions import GiveUp, InDoubt
from actions.engine.alerts import fire
from actions.engine.alerts.rules.pause import pause, resume
from actions.engine.alerts.rules.remove import remove
from actions.engine.alerts.watch import forget
from actions.engine.alerts.watch import watch as look_once
from actions.engine.group import group
from actions.engine.operate.pause import pause_action, pause_queue, pause_tag
from actions.engine.operate.triage import ignore_group, resolve_group
from actions.engine.rescue import rescue
from actions.engine.tally import tally
from actions.engine.workers import bury
from actions.models import Alert, AlertRule, ErrorGroup
from tests.alerting import WHY, later, rule, watch
from tests.app import actions as app
from tests.stage import ALICE, StageWorker, all_at_once, crew, declare, engine, rows, value, worker

__all__ = ["crew", "declare", "engine", "worker"]
pytestmark = pytest.mark.usefixtures("engine")


def fail(worker: StageWorker, number: int = 1) -> None:
    """So many executions that fail for good, counted by all who count."""
    for _ in range(number):
        app.give_up.invoke()
    worker.work()
    group()
    tally()


def said(alerts: list[Alert]) -> list[str]:
    return [alert.title for alert in alerts]


def test_without_a_rule_nothing_is_told_and_what_was_before_a_rule_is_not_told_later(worker: StageWorker):
    fail(worker, 2)
    assert watch() == []
    for kind in ("failure", "new_group", "regressed", "dead_worker"):
        rule(kind)
    assert watch() == []


def test_failures_are_one_alert_for_each_action_with_what_came_in_meanwhile_after_its_quiet_time(worker: StageWorker):
    rule("failure")
    fail(worker, 3)
    app.doubt.invoke()
    worker.work()
    first = watch()
    assert said(first) == ["test-doubt: 1 in doubt", "test-give-up: 3 failed"]
    assert first[1].link == "executions/?q=action%3Atest-give-up+state%3Afailed"
    assert "GiveUp: no use" in first[1].text
    fail(worker, 2)
    assert watch() == []
    fail(worker)
    assert watch() == []
    later()
    assert said(watch()) == ["test-give-up: 3 failed"]
    later()
    assert watch() == []


def test_a_try_that_is_repeated_is_no_alert_and_a_lost_worker_is_one(
    worker: StageWorker, short_lease: float, crew: Any
):
    rule("failure")
    app.fail.invoke(times=2)
    worker.work()
    lost = crew()
    app.external.invoke()
    lost.claim()
    lost.crash()
    lost.freeze()
    rescue()
    assert said(watch()) == ["test-external: 1 in doubt"]


@pytest.mark.parametrize(
    ("scope", "of", "told"),
    [
        ("action", "test-give-up", ["test-give-up: 1 failed"]),
        ("queue", "default", ["alert-tagged: 1 failed", "test-give-up: 1 failed"]),
        ("tag", "money", ["alert-tagged: 1 failed"]),
    ],
)
def test_a_rule_keeps_to_its_scope(worker: StageWorker, declare: Any, scope: str, of: str, told: list[str]):
    @declare("alert-tagged", tags=["money"])
    def tagged() -> None:
        raise GiveUp("nothing left")

    for kind in ("failure", "new_group", "rate"):
        rule(kind, scope=scope, of=of, **({"threshold": 1.0} if kind == "rate" else {}))
    tagged.invoke()
    fail(worker)
    found = watch()
    assert sorted(said([alert for alert in found if alert.kind == "failure"])) == told
    for kind in ("new_group", "rate"):
        assert len([alert for alert in found if alert.kind == kind]) == len(told), kind


def test_a_new_group_is_told_once(worker: StageWorker, declare: Any):
    rule("new_group")
    fail(worker, 3)
    (alert,) = watch()
    assert alert.title == "test-give-up: new failure GiveUp"
    assert alert.link == f"failures/{ErrorGroup.objects.get().pk}/"
    fail(worker)
    later()
    assert watch() == []

    @declare("alert-other")
    def other() -> None:
        raise ValueError("odd")

    other.invoke()
    fail(worker)
    assert said(watch()) == ["alert-other: new failure ValueError"]


@pytest.mark.parametrize("way", ["resolved", "ignored"])
def test_a_group_that_comes_back_is_told_once_each_time(worker: StageWorker, way: str):
    rule("regressed")
    fail(worker)
    known = ErrorGroup.objects.get().pk

    def done_with() -> None:
        if way == "resolved":
            resolve_group(known, actor=ALICE, reason="mended")
        else:
            ignore_group(known, until=timezone.now() + timedelta(milliseconds=1), actor=ALICE, reason="known")

    assert watch() == []
    done_with()
    assert watch() == []
    fail(worker)
    (alert,) = watch()
    assert alert.title == "test-give-up: GiveUp is back"
    assert "Alice had" in alert.text
    fail(worker)
    assert watch() == []
    done_with()
    fail(worker)
    assert watch() == []
    rows("UPDATE actions_alert SET at = at - interval '1 day'")
    rows("UPDATE actions_errorgroup SET state_at = state_at + interval '0 s'")
    assert said(watch()) == ["test-give-up: GiveUp is back"]


def test_what_is_ignored_for_good_or_still_is_not_told(worker: StageWorker):
    rule("regressed")
    fail(worker)
    known = ErrorGroup.objects.get().pk
    for until in (None, timezone.now() + timedelta(hours=1)):
        ignore_group(known, until=until, actor=ALICE, reason="known")
        fail(worker)
        assert watch() == []


def test_a_rate_is_told_with_enough_that_ended_and_is_over_when_it_falls(worker: StageWorker):
    rule("rate", threshold=50.0, least=4, window=600)
    fail(worker, 3)
    assert watch() == []
    fail(worker)
    (alert,) = watch()
    assert (alert.title, alert.lasting, alert.recovered_at) == ("test-give-up: 100% fail", True, None)
    assert "4 of 4" in alert.text
    assert watch() == []
    later(3_601)
    assert said(watch()) == ["test-give-up: 100% fail"]
    rows("UPDATE actions_tally SET succeeded = 5")
    assert watch() == []
    assert Alert.objects.filter(recovered_at=None).count() == 0


def test_exactly_the_limit_is_no_alert(worker: StageWorker):
    rule("rate", threshold=50.0, least=1)
    fail(worker)
    rows("UPDATE actions_tally SET succeeded = failed")
    assert watch() == []


def test_no_worker_for_ten_minutes_is_told_by_the_age_of_the_queue(worker: StageWorker):
    """F31"""
    rule("queue_age", threshold=600.0)
    app.noop.invoke()
    rows("UPDATE actions_execution SET available_at = now() - interval '599 s'")
    assert watch() == []
    rows("UPDATE actions_execution SET available_at = now() - interval '601 s'")
    (alert,) = watch()
    assert alert.title == "Queue default: something waits for 10 min"
    assert watch() == []
    worker.work()
    assert watch() == []
    assert Alert.objects.get().recovered_at is not None
    later()
    assert watch() == []


def test_a_low_priority_is_seen_behind_a_high_one_and_pauses_do_not_count(worker: StageWorker):
    rule("queue_age", threshold=60.0)
    app.noop.invoke()
    app.echo.invoke(value=1)
    rows(
        "UPDATE actions_execution SET priority = 5, available_at = now() - interval '1 hour' WHERE action_id = 'test-echo'"
    )
    assert [alert.details["seconds"] for alert in watch()] == [3_600]
    later()
    pause_action("test-echo", actor=ALICE)
    assert watch() == []
    rows("UPDATE actions_execution SET available_at = now() - interval '2 hours'")
    assert [alert.details["seconds"] for alert in watch()] == [7_200]
    later()
    app.noop.invoke(tags=["nightly"])
    pause_tag("nightly", actor=ALICE)
    rows("UPDATE actions_execution SET available_at = now() - interval '3 hours' WHERE tags = '{nightly}'")
    assert [alert.details["seconds"] for alert in watch()] == [7_200]
    later()
    pause_queue("default", actor=ALICE)
    assert watch() == []


def test_an_action_that_runs_for_too_long_is_told_by_its_95th_percentile(worker: StageWorker):
    rule("run_time", scope="action", of="test-noop", threshold=10.0, least=20, window=3_600)
    app.noop.invoke_many([{"n": n} for n in range(20)])
    worker.work()
    slow = (
        "started_at = finished_at - interval '30 s' WHERE id IN (SELECT id FROM actions_execution ORDER BY id LIMIT %s)"
    )
    assert watch() == []
    rows("UPDATE actions_execution SET " + slow, 1)
    assert watch() == []
    rows("UPDATE actions_execution SET " + slow, 2)
    assert said(watch()) == ["test-noop: runs for 30 s"]


def test_workers_that_die_are_told_by_host_and_those_that_say_goodbye_are_not(crew: Any, short_lease: float):
    from actions.engine import workers

    rule("dead_worker")
    polite, *others = crew(), crew(), crew()
    rows("UPDATE actions_alertrule SET since = now() - interval '1 hour'")
    rows("UPDATE actions_worker SET host = 'web-3', heartbeat_at = now() + interval '1 hour'")
    workers.leave(polite.session, worker=polite.worker)
    left = "gone_at = now() - interval '1 s', heartbeat_at = now() - interval '1.01 s'"
    rows(f"UPDATE actions_worker SET {left} WHERE gone_at IS NOT NULL")
    assert watch() == []
    for dead in others:
        dead.session.close()
    rows("UPDATE actions_worker SET heartbeat_at = now() - interval '1 s' WHERE gone_at IS NULL")
    (alert,) = watch()
    assert (alert.title, alert.subject) == ("web-3: 2 workers died", "web-3")
    assert len(bury()) == 2
    rows("UPDATE actions_worker SET heartbeat_at = heartbeat_at - interval '2 days'")
    later()
    assert watch() == []


def test_no_worker_at_all_is_told_after_its_time(crew: Any, short_lease: float):
    made = rule("no_worker", threshold=60.0)
    one = crew()
    rows("UPDATE actions_worker SET heartbeat_at = now() + interval '1 hour'")
    assert watch() == []
    one.freeze()
    assert watch() == []
    rows("UPDATE actions_alertrule SET since = now() - interval '2 minutes' WHERE id = %s", made)
    assert said(watch()) == ["No worker serves any queue"]
    assert watch() == []


@pytest.mark.parametrize("kinds", [("failure",), ("new_group", "queue_age", "rate")])
def test_two_maintains_at_once_make_one_alert(worker: StageWorker, kinds: tuple[str, ...]):
    """Exactly one for each rule, subject and occurrence, and nothing counted twice for later"""
    for kind in kinds:
        rule(kind, **({"threshold": 1.0} if kind in {"rate", "queue_age"} else {}))
    assert watch() == []
    fail(worker, 5)
    app.noop.invoke()
    rows("UPDATE actions_execution SET available_at = now() - interval '1 hour' WHERE status = 'queued'")
    outcomes = all_at_once([look_once] * 4)
    assert sorted(map(str, outcomes)) == ["0", "0", "0", str(len(kinds))]
    assert Alert.objects.count() == len(kinds)
    assert [one.pending for one in AlertRule.objects.all()] == [{}] * len(kinds)


def test_of_two_that_decide_behind_each_others_back_the_database_lets_one(worker: StageWorker):
    from django.db import IntegrityError

    rule("failure")
    fail(worker)
    (first,) = watch()
    twin = {field.attname: getattr(first, field.attname) for field in Alert._meta.fields}
    with pytest.raises(IntegrityError):
        Alert(**{**twin, "id": uuid4()}).save(force_insert=True)
    second = {**twin, "previous": first.pk}
    Alert(**{**second, "id": uuid4()}).save(force_insert=True)
    with pytest.raises(IntegrityError):
        Alert(**{**second, "id": uuid4()}).save(force_insert=True)


def test_a_failure_whose_transaction_commits_late_is_told_all_the_same(worker: StageWorker):
    """Its audit entry has a smaller number than some that were looked at before."""
    from django.db import transaction

    from actions.definitions.actor import CODE
    from actions.engine import ledger
    from tests.stage import Elsewhere

    begun, go_on = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            ledger.record("execution.in_doubt", actor=CODE, action="test-late")
            begun.set()
            assert go_on.wait(20)

    rule("failure")
    held = Elsewhere(late)
    assert begun.wait(20)
    fail(worker)
    assert watch() == []
    go_on.set()
    held.outcome()
    assert said(watch()) == ["test-give-up: 1 failed", "test-late: 1 in doubt"]


def test_a_storm_is_written_down_and_only_its_beginning_is_sent(worker: StageWorker):
    rule("new_group")
    rows("""
        INSERT INTO actions_errorgroup (fingerprint, action, code, error_class, place, message, count, first_seen_at, last_seen_at)
        SELECT md5(n::text), 'test-fail', 'error', 'Boom', '', 'b', 1, now(), now() FROM generate_series(1, 50) AS n""")
    assert len(watch()) == 50
    assert Alert.objects.filter(held=False).count() == fire.MOST
    assert Alert.objects.filter(text__contains="This rule has sent 20 alerts").count() == 1
    assert watch() == []


def test_a_paused_rule_tells_nothing_and_resumed_it_begins_anew(worker: StageWorker):
    made = rule("failure")
    assert pause(made, actor=ALICE, reason=WHY)
    assert not pause(made, actor=ALICE, reason=WHY)
    fail(worker, 3)
    assert watch() == []
    assert resume(made, actor=ALICE, reason=WHY)
    fail(worker)
    assert said(watch()) == ["test-give-up: 1 failed"]
    remove(made, actor=ALICE, reason=WHY)
    assert (AlertRule.objects.count(), Alert.objects.get().rule_name) == (0, "failure")


def test_what_failed_while_no_rule_watched_is_not_counted(worker: StageWorker):
    made = rule("failure")
    assert watch() == []
    remove(made, actor=ALICE, reason=WHY)
    fail(worker, 2)
    rule("failure")
    fail(worker)
    assert said(watch()) == ["test-give-up: 1 failed"]


def test_old_alerts_are_forgotten(worker: StageWorker):
    rule("failure")
    fail(worker)
    watch()
    assert forget() == 0
    later(40 * 86_400)
    assert forget() == 1


def test_a_secret_in_an_error_is_in_no_alert(worker: StageWorker, declare: Any):
    """I-20: what is redacted in the execution is redacted in what is told."""
    from pydantic import SecretStr

    @declare("alert-secret", effects="external")
    def leak(token: SecretStr) -> None:
        raise InDoubt(f"refused {token.get_secret_value()}")

    rule("failure")
    rule("new_group")
    leak.invoke(token="canary-4711-secret")
    worker.work()
    group()
    assert len(watch()) == 2
    assert "canary-4711" not in value("SELECT string_agg(alert::text, '') FROM actions_alert AS alert")
    assert "canary-4711" not in value("SELECT string_agg(rule::text, '') FROM actions_alertrule AS rule")
