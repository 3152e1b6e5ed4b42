"""Workers on the pages, in the admin and at the command line: as they stand, and what is asked of one."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry

from actions import Actor
from actions.engine.operate.quiet_worker import quiet_worker
from actions.engine.operate.stop_worker import stop_worker
from actions.models import AuditEntry, Worker
from tests.app import actions as app
from tests.interfaces.command_line import WHY as REASON
from tests.interfaces.command_line import answer, refusal, said
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import engine, key_of, rows

__all__ = ["desk", "engine"]
ALICE = Actor("system", "alice", "Alice <b>")
VERBS = ("quiet", "resume", "stop")
HOSTILE = ["0", "999999", "2147483648", "9" * 300]


@pytest.fixture
def number(desk):
    """The one worker's."""
    return desk.worker.worker


def more_workers(number, **given):
    """Other workers, as rows; each with a queue of its own."""
    now = datetime.now(UTC)
    for _ in range(number):
        row = {"host": "far", "pid": 1, "queues": ["default"], "started_at": now, "heartbeat_at": now, **given}
        Worker.objects.create(pk=1_000_000_000 + Worker.objects.count(), name="other", **row)


def asked():
    return list(AuditEntry.objects.filter(verb__startswith="worker.").order_by("id").values_list("verb", "actor_label"))


@pytest.mark.parametrize("base", ["/workers/{}/{}/", "/admin/actions/worker/{}/{}/"])
def test_an_operator_quiets_resumes_and_stops_a_worker_without_scripts(desk, number, base):
    for verb in VERBS:
        form = desk.otto.get(base.format(number, verb))
        assert form.status_code == 200
        assert "reason" in form.content.decode()
        assert "pool" in text_of(form) or verb != "stop"
        empty = desk.otto.post(base.format(number, verb), {"reason": " "})
        assert "Say why" in text_of(empty)
        done = desk.otto.post(base.format(number, verb), {"reason": WHY}, follow=True)
        assert done.status_code == 200
        assert "hears of that within 5 s" in text_of(done)
    assert asked() == [("worker.quieted", "otto"), ("worker.resumed", "otto"), ("worker.stopped", "otto")]
    assert LogEntry.objects.count() == (3 if "admin" in base else 0)


@pytest.mark.parametrize("base", ["/workers/{}/{}/", "/admin/actions/worker/{}/{}/"])
def test_a_viewer_neither_sees_the_buttons_nor_may(desk, number, base):
    list_ = base.partition("{")[0]
    for verb in ("quiet", "stop"):
        assert base.format(number, verb) in desk.otto.get(list_).content.decode()
        assert base.format(number, verb) in desk.ada.get(list_).content.decode()
        assert base.format(number, verb) not in desk.vera.get(list_).content.decode()
    for verb in VERBS:
        assert desk.vera.get(base.format(number, verb)).status_code == 403
        refused = desk.vera.post(base.format(number, verb), {"reason": WHY})
        assert refused.status_code == 403
        assert "actions.manage_workers" in text_of(refused)
    assert asked() == []


def test_read_only_hides_and_refuses(desk, number, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    assert f"/workers/{number}/stop/" not in desk.ada.get("/workers/").content.decode()
    assert desk.ada.post(f"/workers/{number}/stop/", {"reason": WHY}).status_code == 403
    assert asked() == []


@pytest.mark.parametrize("base", ["/workers/{}/{}/", "/admin/actions/worker/{}/{}/"])
@pytest.mark.parametrize("wrong", HOSTILE)
def test_what_is_no_worker_is_not_found(desk, base, wrong):
    assert desk.ada.get(base.format(wrong, "stop")).status_code == 404
    assert desk.ada.post(base.format(wrong, "stop"), {"reason": WHY}).status_code == 404


def test_the_second_is_told_who_was_first_and_a_dead_one_says_so(desk, number):
    quiet_worker(str(number), actor=ALICE, reason="it <leaks>")
    page = text_of(desk.otto.post(f"/workers/{number}/quiet/", {"reason": WHY}, follow=True))
    assert "already. By Alice <b> at" in page
    assert "it <leaks>. Nothing was changed." in page
    rows("UPDATE actions_worker SET heartbeat_at = now() - interval '1 hour' WHERE id = %s", number)
    silent = text_of(desk.otto.post(f"/workers/{number}/stop/", {"reason": WHY}, follow=True))
    assert "It is not connected now" in silent
    assert "which cannot be taken back" in text_of(
        desk.otto.post(f"/workers/{number}/resume/", {"reason": WHY}, follow=True)
    )
    rows("UPDATE actions_worker SET gone_at = now() WHERE id = %s", number)
    assert "ended at" in text_of(desk.otto.post(f"/workers/{number}/stop/", {"reason": WHY}, follow=True))
    assert asked() == [("worker.quieted", ALICE.label), ("worker.stopped", "otto")]
    assert "asked the worker" in text_of(desk.ada.get("/audit/"))


def test_the_page_says_who_is_quiet_why_and_which_queue_nobody_serves(desk, number):
    assert "Nobody serves it" not in text_of(desk.vera.get("/queues/"))
    quiet_worker(str(number), actor=ALICE, reason="it leaks")
    page = text_of(desk.vera.get("/queues/"))
    assert "Quiet since" in page
    assert "by Alice <b> : it leaks · not heard yet" in page.replace("UTC ", "")
    assert "Nobody serves it. Its worker is quiet" in page
    assert "All workers are quiet." in page
    more_workers(1)
    assert "All workers are quiet." not in text_of(desk.vera.get("/queues/"))
    assert "Nobody serves it" not in text_of(desk.vera.get("/queues/"))
    rows("UPDATE actions_worker SET gone_at = now()")
    gone = text_of(desk.vera.get("/queues/"))
    assert "No worker is at work." in gone
    assert "waits until a worker takes from it" in gone


def test_the_overview_counts_workers_as_the_lists_it_leads_to(desk, number):
    now = datetime.now(UTC)
    more_workers(3)
    more_workers(2, quiet_at=now)
    more_workers(1, stop_at=now, quiet_at=now)
    more_workers(5, heartbeat_at=now - timedelta(hours=1))
    body = desk.vera.get("/").content.decode()
    found = dict(re.findall(r'<a href="/workers/\?state=(\w+)">(\d+) ', body))
    assert found == {"live": "4", "quiet": "2", "stopping": "1", "silent": "5"}
    for state, count in found.items():
        list_ = desk.vera.get(f"/workers/?state={state}")
        assert len(list_.context["workers"]) == int(count)
        assert list_.content.decode().count(f'class="status s-{state}"') == int(count)
    assert len(desk.vera.get("/workers/?state=rubbish%00").context["workers"]) == 12


def test_what_is_late_is_a_figure_with_its_list(desk):
    handles = [app.noop.invoke(n=n) for n in range(3)]
    newest = app.noop.invoke(n=9)
    rows("UPDATE actions_execution SET available_at = now() - interval '61 s' WHERE id <> %s", key_of(newest))
    for address in ("/", "/queues/"):
        ((list_, count),) = re.findall(r'href="(/executions/\?q=is(?::|%3A)late[^"]*)"[^>]*>(?:<strong>)?(\d+)', desk.vera.get(address).content.decode())  # fmt: skip
        assert int(count) == 3
        shown = desk.vera.get(html.unescape(list_)).content.decode()
        assert [handle.id in shown for handle in handles] == [True] * 3
        assert newest.id not in shown


def test_queues_show_what_ended_and_limits_what_runs(desk):
    rows(
        "INSERT INTO actions_tally (span, at, action, accepted, succeeded, failed, retrying, in_doubt) "
        "SELECT 60, date_trunc('minute', now()) - make_interval(mins => n), action, 9, 10, 5, 7, 7 "
        "FROM generate_series(0, 90) AS n, (VALUES ('test-noop'), ('unknown')) AS one (action)"
    )
    rows("UPDATE actions_action SET max_concurrency = 1 WHERE name = 'test-noop'")
    handle = app.noop.invoke(n=1)
    rows(
        "UPDATE actions_execution SET status = 'running', attempt = 1, started_at = now(), worker_id = %s",
        desk.worker.worker,
    )
    page = desk.vera.get("/queues/")
    queues = {queue.name: (queue, pace) for queue, pace in page.context["queues"]}
    queue, pace = queues["default"]
    assert (pace.bars, pace.per_minute) == ((15,) * 60, 15.0)
    assert (queue.running, queue.busy, queue.workers) == (1, 1, 1)
    ours = next(limit for limit in page.context["limits"] if limit.action == "test-noop")
    assert (ours.most, ours.running) == (1, 1)
    assert page.context["limits"][0] == ours
    assert [worker.held for worker in page.context["workers"]] == [1]
    assert "15 a minute" in text_of(page)
    assert "1 full" in text_of(page)
    assert handle.id not in text_of(page)


def test_the_page_costs_the_same_with_many_workers(desk):
    more_workers(30)
    assert count_queries(desk.otto, "/workers/") <= MOST_QUERIES
    assert count_queries(desk.otto, "/") <= MOST_QUERIES


def test_commands_list_and_ask(desk, number):
    (one,) = answer("workers")["workers"]
    assert (one["id"], one["state"], one["asked"]) == (number, "live", {})
    dry = answer("quiet_worker", str(number), "--dry-run", *REASON)
    assert dry["results"][0]["dry_run"]
    assert answer("workers", "list")["workers"][0]["state"] == "live"
    assert asked() == []
    (told,) = answer("quiet_worker", str(number), *REASON)["results"]
    assert (told["ok"], told["changed"], told["hears"]) == (True, True, True)
    (again,) = answer("quiet_worker", str(number), *REASON)["results"]
    assert (again["changed"], again["by"].endswith("at the command line")) == (False, True)
    assert "takes nothing new" in said("quiet_worker", str(number), *REASON) or not again["changed"]
    assert "asked to be quiet by" in said("workers", "--state", "quiet")
    assert said("workers", "--state", "live") == ""
    assert answer("resume_worker", str(number), *REASON)["results"][0]["changed"]
    assert answer("stop_worker", str(number), *REASON)["results"][0]["changed"]
    assert answer("workers")["workers"][0]["asked"]["stop"]["reason"] == REASON[1]
    text, document = refusal("stop_worker", "999999", "\x00", *REASON)
    assert "worker_not_found" in text
    assert [result["error"]["code"] for result in document["results"]] == ["worker_not_found"] * 2
    stopping, _ = refusal("resume_worker", str(number), *REASON)
    assert "worker_stopping" in stopping


def test_the_admin_counts_those_at_work_as_its_list_does(desk, number):
    more_workers(2)
    assert re.findall(r'worker/\?live=yes"><strong>(\d+)', desk.ada.get("/admin/").content.decode()) == ["3"]
    rows("UPDATE actions_worker SET quiet_at = now() WHERE id <> %s", number)
    assert re.findall(r'worker/\?live=yes"><strong>(\d+)', desk.ada.get("/admin/").content.decode()) == ["1"]
    assert "1 worker " in text_of(desk.ada.get("/admin/actions/worker/?live=yes"))


def test_the_admin_counts_quiet_workers_honestly(desk, number):
    stop_worker(str(number), actor=ALICE, reason="enough")
    assert "All workers are quiet or stopping" in text_of(desk.ada.get("/admin/"))
    assert "stopping" in text_of(desk.ada.get("/admin/actions/worker/"))
