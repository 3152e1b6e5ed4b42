"""The audit in the console: who may see and export it, that it reads as sentences, what its filters find, and what exports hold."""

import csv
import io
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User

from actions.dashboard.audit.said import SAYS, say
from actions.engine.access import actor_of
from actions.engine.ledger import record
from actions.engine.operate.pause import pause_queue
from actions.engine.seal import seal
from actions.models import AuditEntry
from actions.queries import audit
from actions.queries.sealing import holding
from actions.queries.trail import Entry
from tests.interfaces.desk import MOST_QUERIES, WHY, confirm, count_queries, desk, text_of
from tests.stage import ALICE, engine

__all__ = ["desk", "engine"]

FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", 'a "quoted", line\nbreak', "＝1", "plain"]


def last(verb=""):
    found = AuditEntry.objects.filter(verb=verb) if verb else AuditEntry.objects.all()
    return found.latest("id")


def shown(response):
    return [said.entry.verb for said in response.context["rows"]]


def find(browser, **asked):
    return browser.get(f"/audit/?{urlencode(asked)}")


def body_of(response):
    return b"".join(response.streaming_content).decode()


@pytest.fixture
def story(desk):
    """A failed execution that Otto has retried, and a refusal."""
    handle = desk.failed("the <script> broke")
    confirm(desk.otto, handle, "retry")
    desk.vera.post("/queues/default/pause/", {"reason": WHY})
    return handle


@pytest.mark.parametrize(
    "address", ["/audit/", "/audit/1/", "/audit/export/?format=csv", "/audit/export/?format=ndjson"]
)
def test_only_those_who_may_see_it_do(desk, story, address):
    for browser in (desk.vera, desk.otto, desk.nora):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "actions.view_audit" in text_of(answer)
    assert not AuditEntry.objects.filter(verb="audit.exported").exists()


def test_seeing_is_not_exporting(desk, story):
    nora = User.objects.get(username="nora")
    nora.user_permissions.add(Permission.objects.get(codename="view_audit"))
    assert "/audit/export/" not in desk.nora.get("/audit/").content.decode()
    assert "/audit/export/" in desk.ada.get("/audit/").content.decode()
    answer = desk.nora.get("/audit/export/?format=csv")
    assert (answer.status_code, "actions.export_audit" in text_of(answer)) == (403, True)


def test_entries_are_sentences_with_their_reasons(desk, story):
    body = text_of(desk.ada.get("/audit/"))
    assert "otto retried test-fail" in body
    assert WHY in body
    assert "Attempt 1 of test-fail started" in body
    assert "test-fail failed with" in body
    assert "vera was refused: pause /queues/default/pause/" in body
    page = desk.ada.get("/audit/").content.decode()
    assert f"/executions/{story.id}/" in page
    assert f"/audit/?execution={story.id}" in page


def test_every_verb_that_is_written_has_a_sentence():
    assert set(SAYS) == set(audit.VERBS)


@pytest.mark.parametrize("data", [None, {}, [], {"class": None, "operation": "x", "group": "<b>", "key": "\u202e"}])
def test_a_sentence_bears_what_old_entries_lack(data):
    for verb in (*audit.VERBS, "some.thing-else"):
        said = say(Entry(1, datetime.now(UTC), verb, "system", "alice", "", None, "", None, "", data))
        assert said.text.strip()
        assert "{" not in said.text


def test_filters_find_by_actor_verb_action_execution_and_time(desk, story):
    assert shown(find(desk.ada, actor="otto")) == ["execution.retried"]
    assert shown(find(desk.ada, actor="nobody")) == []
    assert shown(find(desk.ada, verb="access.*")) == ["access.denied"]
    assert shown(find(desk.ada, verb="execution.failed", action="test-f*")) == ["execution.failed"]
    assert set(shown(find(desk.ada, trigger="user"))) == {"execution.retried", "access.denied"}
    mine = shown(find(desk.ada, execution=story.id))
    assert mine[0] == "execution.retried"
    assert mine[-1] == "execution.accepted"
    assert shown(find(desk.ada, after="-1h")) == shown(find(desk.ada))
    assert shown(find(desk.ada, before="2020-01-01")) == []
    assert "Nothing matches" in text_of(find(desk.ada, before="2020-01-01"))


def test_what_cannot_be_read_is_said_and_kept(desk):
    answer = find(desk.ada, after="soon", execution="x", actor="<ada>")
    assert answer.status_code == 200
    assert "is no time" in text_of(answer)
    assert "is no id of an execution" in text_of(answer)
    assert 'value="&lt;ada&gt;"' in answer.content.decode()
    assert desk.ada.get("/audit/export/?after=soon&format=csv")["Location"] == "/audit/?after=soon"
    assert desk.ada.get("/audit/export/?format=xls").status_code == 302


@pytest.mark.parametrize(
    "asked", ["actor=%00", "verb=%25", "action=*", "cursor=nonsense", "cursor=%00", f"actor={'x' * 3000}"]
)
def test_odd_addresses_are_no_errors(desk, story, asked):
    """D06, D09"""
    assert desk.ada.get(f"/audit/?{asked}").status_code == 200


def test_pages_lead_on_and_back(desk):
    for number in range(120):
        record("queue.paused", actor=ALICE, reason=str(number), details={"queue": "default"})
    first = find(desk.ada, verb="queue.paused")
    second = desk.ada.get(first.context["older"])
    third = desk.ada.get(second.context["older"])
    pages = [[said.entry.reason for said in answer.context["rows"]] for answer in (first, second, third)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [*pages[0], *pages[1], *pages[2]] == [str(number) for number in reversed(range(120))]
    assert third.context["older"] == ""
    assert [said.entry.reason for said in desk.ada.get(third.context["newer"]).context["rows"]] == pages[1]


def test_one_entry_has_its_seal_and_what_happened_around_it(desk, story):
    entry = last("execution.retried")
    address = f"/audit/{entry.pk}/"
    assert "none yet" in text_of(desk.ada.get(address))
    seal()
    answer = desk.ada.get(address)
    body = text_of(answer)
    assert "otto retried test-fail" in body
    assert "number 1, made" in body
    assert '"before": "failed"' in body
    around = [said.entry.verb for said in answer.context["of_execution"]]
    assert around[:3] == ["execution.retried", "execution.failed", "execution.started"]
    assert len(around) == 6
    assert "This entry" in body
    assert f"/admin/actions/auditentry/{entry.pk}/change/" in answer.content.decode()
    for address in ("/audit/999999999/", "/audit/0/", f"/audit/{2**63}/", f"/audit/{10**30}/"):
        assert desk.ada.get(address).status_code == 404


def test_each_entry_is_in_the_seal_that_holds_it(desk):
    ids = []
    for number in range(7):
        record("queue.paused", actor=ALICE, details={"queue": str(number)})
        ids.append(last().pk)
        if number % 2:
            seal(size=2)
    assert [held.number for id_ in ids if (held := holding(id_))] == [1, 1, 2, 2, 3, 3, None]
    assert holding(10**15) is None


def test_the_actor_of_an_entry_is_shown_with_what_they_did_around_it(desk):
    otto = actor_of(User.objects.get(username="otto"))
    for number in range(8):
        record("queue.paused", actor=otto, reason=f"{number}", details={"queue": "q"})
        record("queue.paused", actor=ALICE, details={"queue": "q"})
    middle = AuditEntry.objects.get(reason="4")
    around = desk.ada.get(f"/audit/{middle.pk}/").context["of_actor"]
    assert [said.entry.reason for said in around] == ["7", "6", "5", "4", "3", "2", "1", "0"]


def test_what_was_said_of_the_deleted_stays_readable(desk):
    """D11"""
    gone = User.objects.create_user("gone")
    record("queue.paused", actor=actor_of(gone), reason="before I went", details={"queue": "default"})
    entry = last()
    gone.delete()
    for address in ("/audit/?actor=gone", f"/audit/{entry.pk}/"):
        assert "gone paused the queue default" in text_of(desk.ada.get(address))


def test_the_csv_runs_nothing_in_a_spreadsheet(desk):
    """D08, S-06"""
    for text in FORMULAS:
        record("queue.paused", actor=ALICE, reason=text, details={"queue": "default", "password": "hunter2"})
    answer = desk.ada.get("/audit/export/?verb=queue.paused&format=csv")
    assert answer.status_code == 200
    assert answer.streaming
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    found = list(csv.DictReader(io.StringIO(body_of(answer), newline="")))
    reasons = [row["reason"] for row in reversed(found)]
    assert reasons == [text if text[0] in "ap" else f"'{text}" for text in FORMULAS]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in found for cell in row.values())
    assert "hunter2" not in str(found)


def test_the_ndjson_is_what_was_written(desk, story):
    answer = desk.ada.get(f"/audit/export/?execution={story.id}&format=ndjson")
    entries = [json.loads(line) for line in body_of(answer).splitlines()]
    assert entries[0]["verb"] == "execution.retried"
    assert {entry["execution"] for entry in entries} == {story.id}
    assert entries[0]["reason"] == WHY


def test_the_export_is_an_entry_itself_before_it_leaves(desk, story):
    """S-13"""
    answer = desk.ada.get("/audit/export/?actor=otto&format=csv")
    entry = last("audit.exported")
    request = answer["X-Request-Id"]
    assert (entry.actor_label, entry.data) == ("ada", {"actor": "otto", "format": "csv", "request": request})
    assert body_of(answer).count("\n") == 2
    assert "ada exported the audit as csv" in text_of(desk.ada.get("/audit/"))


def test_whether_it_is_sealed_is_said(desk):
    assert desk.ada.get("/audit/").context["seal_state"] in {"sealed", "sealing"}
    pause_queue("default", actor=ALICE, reason=WHY)
    seal()
    assert "every entry is in one" in text_of(desk.ada.get("/audit/"))
    assert "audit_verify" in text_of(desk.ada.get("/audit/"))


@pytest.mark.parametrize(
    "address", ["/audit/", "/audit/?actor=otto&verb=execution.*&after=-2h&before=-0s", "/audit/{}/"]
)
def test_pages_make_few_queries(desk, story, address):
    """D17"""
    place = address.format(last("execution.retried").pk)
    assert count_queries(desk.ada, place) <= MOST_QUERIES


def test_texts_of_others_stay_text(desk):
    """D07"""
    record("queue.paused", actor=ALICE, reason="<script>alert(1)</script>\u202e", details={"queue": "<b>x</b>"})
    for address in ("/audit/", f"/audit/{last().pk}/"):
        body = desk.ada.get(address).content.decode()
        assert "<script>alert" not in body
        assert "<b>x</b>" not in body
        assert "\\u202e" in body


def test_a_live_list_sends_only_its_rows(desk, story):
    answer = desk.ada.get("/audit/", headers={"X-Live": "1"})
    assert b"<html" not in answer.content
    again = desk.ada.get("/audit/", headers={"X-Live": "1", "If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_an_execution_leads_to_its_entries(desk, story):
    assert f"/audit/?execution={story.id}" in desk.ada.get(f"/executions/{story.id}/").content.decode()
