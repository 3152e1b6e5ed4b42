"""Failures that are alike become one group, counted once each, and people say what became of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction

from actions import Actor
from actions.definitions.actor import CODE
from actions.engine import access, ledger
from actions.engine.group import group as count
from actions.engine.maintain import Maintain
from actions.engine.operate.retry import retry
from actions.engine.operate.triage import ignore_group, reopen_group, resolve_group
from actions.errors import ErrorGroupNotFound, Forbidden, InvalidInput, ReasonRequired
from actions.queries import failures
from actions.queries.failures import counts, group, groups
from actions.testing import InlineWorker, inline_worker
from tests.app import actions as app
from tests.stage import column, rows, value

WHY = "the provider has mended it"


@pytest.fixture
def worker(engine: None) -> Iterator[InlineWorker]:
    with inline_worker() as inline:
        yield inline


def fail(worker: InlineWorker, *messages: str) -> list[str]:
    """Executions that have failed for good, and are counted."""
    handles = [app.fail.invoke(message=message) for message in messages]
    worker.work(waiting=True)
    count()
    return [handle.id for handle in handles]


def test_failures_of_one_action_from_one_place_are_one_group_whatever_their_message(worker: InlineWorker):
    ids = fail(worker, "order 1 is broken", "order 2 is broken")
    (only,) = groups().groups
    tries = sum(column(id_, "tries") for id_ in ids)
    assert (only.action, only.failed, only.count) == (app.fail.name, 2, tries)
    assert only.place == "tests.app.actions.fail"
    assert only.message == "order 2 is broken"
    assert only.first_seen_at <= only.last_seen_at
    assert sum(only.hours) == tries
    assert counts()["open"] == 1


def test_every_failure_is_counted_once_however_often_one_looks(worker: InlineWorker):
    fail(worker, "broken")
    before = groups().groups[0].count
    assert count() == 0
    assert groups().groups[0].count == before


def test_a_failure_whose_transaction_commits_late_is_counted_all_the_same(worker: InlineWorker):
    """Its audit entry has a smaller number than some that were counted before."""
    begun, go_on = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                ledger.record("test.noted", actor=CODE)
                begun.set()
                assert go_on.wait(20)
        finally:
            connection.close()

    beside = threading.Thread(target=late)
    beside.start()
    assert begun.wait(20)
    try:
        handle = app.fail.invoke(message="broken")
        worker.work(waiting=True)
        assert count() == 0
        assert groups().groups == []
    finally:
        go_on.set()
        beside.join()
    count()
    assert groups().groups[0].count == column(handle, "tries")


_COPIED = """
INSERT INTO actions_auditentry (at, verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, xid)
SELECT at, verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, %s FROM actions_auditentry
WHERE verb = 'execution.failed'
"""


def test_after_a_restore_into_another_cluster_each_failure_is_still_counted_once(worker: InlineWorker):
    fail(worker, "broken")
    before = groups().groups[0].count
    ahead = value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint") + 300
    rows("UPDATE actions_errormark SET xid = %s, entry = 0", ahead)
    rows(_COPIED, ahead)
    handle = app.fail.invoke(message="broken after the restore")
    worker.work(waiting=True)
    count(size=1)
    after = before + 1 + column(handle, "tries")
    assert groups().groups[0].count == after
    for _ in range(400):
        rows("SELECT pg_current_xact_id()")
    assert count() == 0
    assert groups().groups[0].count == after


def test_without_its_mark_all_failures_are_counted_again_and_what_people_said_stays(worker: InlineWorker):
    """`manage.py flush` empties that table too."""
    fail(worker, "broken")
    before = groups().groups[0]
    assert resolve_group(before.fingerprint, actor=CODE, reason=WHY)
    rows("DELETE FROM actions_errormark")
    assert count() == before.count
    after = group(before.fingerprint)
    assert (after.count, after.hours, after.note) == (before.count, before.hours, WHY)


def test_maintain_counts_by_itself(worker: InlineWorker):
    assert "group" in {chore.name for chore in Maintain().chores}


def test_what_was_retried_and_succeeded_stands_failed_no_more(worker: InlineWorker):
    (failed,) = fail(worker, "broken")
    assert groups().groups[0].failed == 1
    retry(failed, actor=CODE)
    assert groups().groups[0].failed == 0


def test_a_list_says_where_it_stopped_counting(worker: InlineWorker, monkeypatch: pytest.MonkeyPatch):
    ids = fail(worker, "one", "two")
    listed = groups().groups[0]
    assert (listed.failed, listed.unsettled, listed.more) == (len(ids), 0, False)
    monkeypatch.setattr(failures, "LISTED", 1)
    listed = groups().groups[0]
    assert (listed.failed, listed.more) == (1, True)
    whole = group(listed.fingerprint)
    assert (whole.failed, whole.more) == (len(ids), False)


def test_a_resolved_group_is_open_again_when_it_fails_again(worker: InlineWorker):
    fail(worker, "broken")
    known = groups().groups[0].fingerprint
    assert resolve_group(known, actor=CODE, reason=WHY)
    assert groups().groups == []
    assert [one.note for one in groups(stands="resolved").groups] == [WHY]
    fail(worker, "broken again")
    assert (group(known).stands, group(known).regressed) == ("open", True)
    assert resolve_group(known, actor=CODE, reason=WHY)
    assert group(known).stands == "resolved"


def test_an_ignored_group_stays_away_until_its_time(worker: InlineWorker):
    fail(worker, "broken")
    known = groups().groups[0].fingerprint
    assert ignore_group(known, until=datetime.now(UTC) + timedelta(hours=1), actor=CODE, reason="known")
    fail(worker, "broken again")
    assert (group(known).stands, counts()["open"]) == ("ignored", 0)
    rows("UPDATE actions_errorgroup SET ignored_until = now() - interval '1 second'")
    assert (group(known).stands, counts()["open"]) == ("open", 1)


def test_what_people_say_is_in_the_audit_and_said_twice_only_once(worker: InlineWorker):
    fail(worker, "broken")
    known = groups().groups[0].fingerprint
    assert resolve_group(known, actor=CODE, reason=WHY)
    assert not resolve_group(known, actor=CODE, reason=WHY)
    assert reopen_group(known, actor=CODE, reason="not quite")
    assert not reopen_group(known, actor=CODE, reason="not quite")
    found = rows("SELECT verb, reason FROM actions_auditentry WHERE verb LIKE 'failures.%%' ORDER BY id")
    assert found == [("failures.resolved", WHY), ("failures.reopened", "not quite")]


def test_triage_needs_its_permission_and_a_reason(worker: InlineWorker):
    fail(worker, "broken")
    known = groups().groups[0].fingerprint
    user = User.objects.create_user("olga")
    with pytest.raises(Forbidden):
        resolve_group(known, actor=access.actor_of(user), reason=WHY)
    user.user_permissions.add(Permission.objects.get(codename="triage", content_type__app_label="actions"))
    with pytest.raises(ReasonRequired):
        resolve_group(known, actor=access.actor_of(user))
    assert resolve_group(known, actor=access.actor_of(user), reason=WHY)


@pytest.mark.parametrize("wrong", ["", "x", "0" * 32, "0" * 31 + "\0", "é" * 32])
def test_an_unknown_group_is_refused(worker: InlineWorker, wrong: str):
    with pytest.raises(ErrorGroupNotFound):
        group(wrong)
    with pytest.raises(ErrorGroupNotFound):
        resolve_group(wrong, actor=Actor("system", "test", "test"), reason=WHY)


def test_a_time_without_zone_is_refused(worker: InlineWorker):
    fail(worker, "broken")
    with pytest.raises(InvalidInput, match="time zone"):
        ignore_group(groups().groups[0].fingerprint, until=datetime(2030, 1, 1), actor=CODE)  # noqa: DTZ001
