"""The audit in blocks: what belongs to one request, bulk operation, transaction or run is found by it, from where its id is shown."""

import json

import pytest
from django.db import connection, transaction

from actions.definitions.actor import CODE
from actions.engine import ledger
from actions.engine.seal import seal
from actions.engine.verify import verify
from actions.ids import public_id
from actions.models import AuditEntry, BulkOperation
from tests.app import actions as app
from tests.interfaces.api import caller
from tests.interfaces.console_list import chosen, list_of
from tests.interfaces.desk import MOST_QUERIES, WHY, confirm, count_queries, desk, text_of
from tests.stage import ALICE, compose, engine, key_of, step_of

__all__ = ["caller", "compose", "desk", "engine"]


def blocks(answer):
    """Kind, title and verbs of each block that is one."""
    return [
        (block.kind, block.title, [said.entry.verb for said in block.rows])
        for block in answer.context["blocks"]
        if block.kind
    ]


def shown(answer):
    return [said.entry.verb for said in answer.context["rows"]]


def marked(**mark):
    ((name, text),) = mark.items()
    return [entry.verb for entry in AuditEntry.objects.order_by("id") if (entry.data or {}).get(name) == text]


def fits():
    """Whether seals and executions fit their entries; the test database lifts a trigger for its flush."""
    return not [found for found in verify(lag=60).findings if found.code != "trigger_off"]


def retried_in_bulk(desk, number):
    """Otto has failed executions retried by one operation, which has ended."""
    for _ in range(number):
        desk.failed()
    kept = desk.otto.post("/bulk/choose/", {"verb": "retry", "q": "state:failed",
                                            "row": chosen(desk.otto.get(list_of("state:failed")))})  # fmt: skip
    begun = desk.otto.post(kept["Location"], {"reason": WHY})
    desk.worker.work()
    return str(BulkOperation.objects.get().pk), begun["X-Request-Id"]


def test_what_a_person_does_has_the_id_of_their_request(desk):
    answer = confirm(desk.otto, desk.failed(), "retry")
    request = answer["X-Request-Id"]
    found = desk.ada.get(f"/audit/?request={request}")
    assert marked(request=request) == shown(found) == ["execution.retried"]
    assert found.context["rows"][0].entry.data == {"before": "failed", "after": "queued", "request": request}


def test_what_the_platform_and_code_do_has_none(desk):
    desk.failed()
    assert not AuditEntry.objects.filter(data__has_key="request").exists()


def test_an_api_request_leads_to_what_it_has_done(desk, caller):
    api = caller("action:test-echo:trigger", "action:*:read", "audit:read", "audit:export")
    one = api.start("test-echo", {"value": "a"}, X_REQUEST_ID="the-clients-own")
    assert (one.status, marked(request="the-clients-own")) == (202, ["execution.accepted"])
    again = api.start("test-echo", {"value": "b"}, IDEMPOTENCY_KEY="k", X_REQUEST_ID="with-a-key")
    assert (again.status, marked(request="with-a-key")) == (202, ["execution.accepted"])
    many = api.post("actions/test-echo/executions/bulk", {"items": [{"params": {"value": n}} for n in range(2)]})
    request = many.headers["X-Request-Id"]
    assert marked(request=request) == ["execution.accepted"] * 2
    denied = api.start("test-fail")
    assert (denied.status, marked(request=denied.json["request_id"])) == (403, ["access.denied"])
    assert blocks(desk.ada.get("/audit/"))[:1] == [("request", "1 request", ["execution.accepted"] * 2)]
    listed = api.get("audit", {"request": request, "limit": 1})
    assert [item["data"]["request"] for item in listed.json["items"]] == [request]
    onward = api.get("audit", {"request": request, "cursor": listed.json["next"]})
    assert len(onward.json["items"]) == 1
    assert onward.json["next"] is None
    exported = api.get("audit/export", {"request": request})
    assert [json.loads(line)["verb"] for line in exported.raw.splitlines()] == ["execution.accepted"] * 2
    xid = listed.json["items"][0]["xid"]
    assert len(api.get("audit", {"xid": xid}).json["items"]) == 2
    assert api.get("audit", {"xid": "x"}).status == 400
    assert fits()


def test_an_operation_and_all_of_its_items_are_one_block(desk):
    operation, request = retried_in_bulk(desk, 3)
    page = desk.ada.get("/audit/")
    kind, title, verbs = next(block for block in blocks(page) if block[0] == "operation")
    assert (kind, title) == ("operation", "Bulk operation: retry of 3 executions")
    assert verbs == ["bulk.finished", *["execution.retried"] * 3, "bulk.begun"]
    assert f"/audit/?operation={operation}" in page.content.decode()
    assert "of otto 5 entries" in text_of(page)
    assert shown(desk.ada.get(f"/audit/?operation={operation}")) == verbs
    assert shown(desk.ada.get(f"/audit/?operation={operation}&verb=execution.*")) == verbs[1:4]
    assert set(marked(request=request)) == {"bulk.begun", "execution.accepted"}
    export = desk.ada.get(f"/audit/export/?operation={operation}&format=ndjson")
    assert [json.loads(line)["verb"] for line in b"".join(export.streaming_content).splitlines()] == verbs
    exported = AuditEntry.objects.get(verb="audit.exported")
    assert exported.data["asked_operation"] == operation
    # The entry of an export is none of the operation's.
    assert shown(desk.ada.get(f"/audit/?operation={operation}")) == verbs


def test_a_workflow_and_its_steps_are_one_block(desk, compose):
    @compose("order")
    def order() -> None:
        app.echo.start(value=1)
        app.echo.start(value=2)

    handle = order.invoke()
    app.noop.invoke()
    desk.worker.work(waiting=True)
    page = desk.ada.get("/audit/")
    found = blocks(page)
    assert {(kind, title) for kind, title, _ in found} == {("run", "order and its steps"), ("run", "test-noop")}
    verbs = next(verbs for _, title, verbs in found if title.startswith("order"))
    assert verbs.count("execution.succeeded") == 3
    assert shown(desk.ada.get(f"/audit/?run={handle.id}")) == verbs
    step = step_of(handle, "test-echo")
    part = shown(desk.ada.get(f"/audit/?run={step}"))
    assert part == shown(desk.ada.get(f"/audit/?execution={step}"))
    assert 0 < len(part) < len(verbs)


def test_what_code_does_in_one_transaction_is_one_block(desk):
    with transaction.atomic():
        app.noop.invoke()
        app.echo.invoke(value=1)
    page = desk.ada.get("/audit/")
    assert blocks(page) == [("xid", "1 transaction", ["execution.accepted"] * 2)]
    xid = AuditEntry.objects.latest("id").xid
    assert f"/audit/?xid={xid}" in page.content.decode()
    assert shown(desk.ada.get(f"/audit/?xid={xid}")) == ["execution.accepted"] * 2
    assert blocks(desk.ada.get(f"/audit/?xid={xid}")) == []


def test_entries_can_be_read_one_by_one_and_pages_keep_it(desk):
    for number in range(60):
        ledger.record(
            "queue.paused", actor=ALICE, reason=str(number), details={"queue": "x", "request": f"r{number % 2}"}
        )
    page = desk.ada.get("/audit/")
    assert len(blocks(page)) == 2
    assert page.context["blocks"][0].rows[0].entry.reason == "59"
    apart = desk.ada.get(page.context["asked"].other_way)
    assert blocks(apart) == []
    assert "apart=1" in apart.context["older"]
    assert [said.entry.id for said in apart.context["rows"]] == [said.entry.id for said in page.context["rows"]]
    of_one = desk.ada.get("/audit/?request=r1")
    assert [said.entry.reason for said in of_one.context["rows"]] == [str(n) for n in range(59, 0, -2)]


def test_every_block_of_a_page_holds_its_entries_once(desk):
    retried_in_bulk(desk, 4)
    desk.worker.work(waiting=True)
    page = desk.ada.get("/audit/")
    held = [said.entry.id for block in page.context["blocks"] for said in block.rows]
    assert sorted(held, reverse=True) == [said.entry.id for said in page.context["rows"]]
    assert len(page.content.decode().split("data-key=")) - 1 == len(held)


def test_an_entry_leads_to_its_request_operation_and_transaction(desk):
    operation, _ = retried_in_bulk(desk, 1)
    begun = AuditEntry.objects.get(verb="bulk.begun")
    body = desk.ada.get(f"/audit/{begun.pk}/").content.decode()
    for address in (f"operation={operation}", f"request={begun.data['request']}", f"xid={begun.xid}"):
        assert f"/audit/?{address}" in body
    old = AuditEntry.objects.filter(verb="execution.started").first()
    assert "request=" not in desk.ada.get(f"/audit/{old.pk}/").content.decode()


def test_pages_that_show_a_request_lead_to_the_audit(desk):
    missing = desk.ada.get("/executions/exec_00000000000000000000000000/")
    assert missing.status_code == 404
    assert f"/audit/?request={missing['X-Request-Id']}" in missing.content.decode()
    assert "/audit/?request=" not in desk.otto.get("/executions/exec_00000000000000000000000000/").content.decode()
    assert "Nothing is written of this request" in text_of(desk.ada.get(f"/audit/?request={missing['X-Request-Id']}"))


def test_seals_hold_old_entries_and_new_ones_alike(desk):
    ledger.record("queue.paused", actor=CODE, details={"queue": "old"})
    confirm(desk.otto, desk.failed(), "retry")
    seal()
    assert fits()


@pytest.mark.parametrize(
    "asked",
    ["request=%00", f"request={'x' * 3000}", "operation=x", "operation=%00&request=%00", "xid=0", f"xid={2**63 - 1}"],
)
def test_odd_ids_find_nothing(desk, asked):
    desk.failed()
    answer = desk.ada.get(f"/audit/?{asked}")
    assert (answer.status_code, shown(answer)) == (200, [])


@pytest.mark.parametrize("asked", ["xid=x", f"xid={2**63}", "xid=-1", "xid=²", "run=x"])
def test_ids_that_are_none_are_said(desk, asked):
    answer = desk.ada.get(f"/audit/?{asked}")
    assert (answer.status_code, answer.context["shown"]) == (200, None)


def test_pages_of_blocks_make_few_queries(desk):
    operation, request = retried_in_bulk(desk, 3)
    run = public_id(key_of(app.noop.invoke()))
    for asked in (
        "",
        f"operation={operation}",
        f"request={request}&action=test-*",
        "xid=7",
        f"run={run}&verb=execution.*",
    ):
        assert count_queries(desk.ada, f"/audit/?{asked}") <= MOST_QUERIES


def test_what_a_request_did_is_found_by_its_index(desk):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for column in ("request", "operation"):
            cursor.execute(
                "EXPLAIN SELECT id FROM actions_auditentry AS entry WHERE entry.data ? %s AND entry.data->>%s >= 'a' "
                "AND entry.data->>%s <= 'a' ORDER BY entry.data->>%s DESC, id DESC LIMIT 5".replace("%s", f"'{column}'")
            )
            assert f"audit_{column}" in str(cursor.fetchall())
