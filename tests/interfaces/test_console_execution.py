"""The console's page of one execution: what it says to whom, in few queries; text stays text; what is hidden, and revealed."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from actions import Context, GiveUp
from actions.ids import new_id
from actions.models import AuditEntry, Execution
from tests.app import actions as app
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.interfaces.processes import chain, moody, review
from tests.stage import compose, declare, engine, key_of, rows, step_of

__all__ = ["chain", "compose", "declare", "desk", "engine", "moody", "review"]

HOSTILE = "<script>alert(1)</script></script>javascript:alert(2)\x1b[31mred\u202egnp.exe"
SPELT = "\\u001b[31mred\\u202egnp.exe"


def page_of(execution: Any, *more: str) -> str:
    """The address of an execution's page, or of something below it."""
    return "/".join(["/executions", execution if isinstance(execution, str) else execution.id, *more, ""])


def live(browser: Any, address: str, tag: str = "") -> Any:
    """Its fragment, as live.js asks for it."""
    return browser.get(address, headers={"X-Live": "1", **({"If-None-Match": tag} if tag else {})})


def test_a_failed_one_says_why_and_has_one_safe_button(desk):
    page = desk.otto.get(page_of(desk.failed("the mail server is down")))
    text = text_of(page)
    assert "Why it failed the mail server is down" in text
    assert "RuntimeError" in text
    primary = re.findall(r'class="button primary" href="([^"]+)"', page.content.decode())
    assert [address.rsplit("/", 2)[1] for address in primary] == ["retry"]
    assert "Attempt 4 starts when a worker is free, with the same params." in text
    assert [shown.row.number for shown in page.context["tries"]] == [3, 2, 1]
    assert [shown.row.outcome for shown in page.context["tries"]] == ["failed"] * 3
    assert "in fail" in text


def test_one_in_doubt_is_resolved_first(desk):
    page = desk.otto.get(page_of(desk.in_doubt()))
    assert page.context["main"].verb == "resolve"
    assert "the reply was lost" in text_of(page)


def test_a_scheduled_one_has_no_button_in_blue(desk):
    page = desk.otto.get(page_of(app.noop.invoke()))
    assert page.context["main"] is None
    assert {button.verb for button in page.context["offered"]} == {"run_now", "cancel", "replay"}


def test_everybody_sees_what_they_may(desk):
    handle = desk.failed("broken in secret")
    assert desk.nora.get(page_of(handle)).status_code == 403
    seen = desk.vera.get(page_of(handle))
    assert seen.context["offered"] == []
    assert "needs the permission actions.view_payload" in text_of(seen)
    assert "raise RuntimeError" not in text_of(seen)
    assert "broken in secret" in text_of(seen)
    ada = desk.ada.get(page_of(handle))
    assert '"message": "broken in secret"' in text_of(ada)
    assert "raise RuntimeError" in text_of(ada)
    assert "execution.retrying" in text_of(ada)


@pytest.mark.parametrize("address", ["exec_nothing", "exec_01m8fsvycxe7eskqfehf8mnhbc", "%00", "x" * 500, "..."])
def test_an_address_of_nothing_is_a_404(desk, address):
    """D09"""
    for more in ((), ("retry",), ("raw",), ("reveal",)):
        assert desk.ada.get(page_of(address, *more)).status_code == 404
    assert desk.ada.get(f"/executions/{address}/payload/params.json").status_code == 404


def test_strange_pages_of_attempts_are_the_newest(desk):
    """D09"""
    handle = desk.failed()
    for before in ("abc", "-1", "9" * 40, "\u0663", "%00"):
        page = desk.ada.get(page_of(handle) + f"?before={before}")
        assert page.status_code == 200
        assert page.context["tries"][0].row.number == 3


def test_text_stays_text_on_the_page_and_in_its_fragment(desk, declare):
    """D07"""

    @declare("page-hostile", effects="database")
    def hostile(context: Context, text: str) -> Any:
        context.log(text, field=text)
        context.progress(1, 2, note=text)
        if text.startswith("<"):
            raise GiveUp(text)
        return {"text": text}

    handle = hostile.invoke(text=HOSTILE, tags=["<b>tag</b>"])
    fine = hostile.invoke(text="fine" + HOSTILE)
    desk.worker.work()
    for one in (handle, fine):
        for page in (desk.ada.get(page_of(one)), live(desk.ada, page_of(one)), desk.ada.get(page_of(one, "raw"))):
            body = page.content.decode()
            assert "<script>alert" not in body
            assert "<b>tag" not in body
            assert "\x1b" not in body
            assert "\u202e" not in body
            assert SPELT in body.replace("\\\\u", "\\u")
            assert 'href="javascript' not in body
            assert " style=" not in body
    assert "1 of 2" in text_of(desk.ada.get(page_of(fine)))


def test_what_is_long_is_cut_and_downloaded_whole(desk):
    """D07"""
    long = ["x" * 50_000] * 5
    handle = app.echo.invoke(value=long)
    desk.worker.work()
    page = desk.ada.get(page_of(handle))
    assert len(page.content) < 200_000
    assert "Cut: 250,0" in text_of(page)
    whole = desk.ada.get(f"/executions/{handle.id}/payload/params.json")
    assert json.loads(whole.content) == {"value": long}
    assert whole["Content-Disposition"] == f'attachment; filename="{handle.id}-params.json"'
    assert desk.vera.get(f"/executions/{handle.id}/payload/params.json").status_code == 403
    assert desk.ada.get(f"/executions/{handle.id}/payload/secrets.json").status_code == 404


def test_secrets_are_dots_for_everybody(desk, declare):
    """D18"""
    from pydantic import SecretStr

    @declare("page-secret", effects="database")
    def secretive(password: SecretStr, note: dict) -> dict:
        return {"api_key": "k-12345", "note": note}

    handle = secretive.invoke(password="hunter2", note={"token": "t-12345"})
    desk.worker.work()
    addresses = [page_of(handle), page_of(handle, "raw"), page_of(handle, "raw") + "?download=1"]
    addresses += [f"/executions/{handle.id}/payload/{part}.json" for part in ("params", "result")]
    for address in addresses:
        body = desk.ada.get(address).content.decode()
        assert "••••" in body
        assert not re.search("hunter2|k-12345|t-12345", body)


@pytest.fixture
def hiding(settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "HIDE_PAYLOADS": True}


def test_hidden_payloads_are_revealed_by_asking_which_is_audited(desk, hiding):
    """D18, S-13"""
    handle = desk.failed("a secret reason")
    page = desk.ada.get(page_of(handle))
    assert '"message": "a secret reason"' not in text_of(page)
    assert "raise RuntimeError" not in text_of(page)
    assert desk.ada.get(f"/executions/{handle.id}/payload/params.json").status_code == 403
    assert json.loads(desk.ada.get(page_of(handle, "raw") + "?download=1").content)["params"] is None
    assert not AuditEntry.objects.filter(verb="payload.viewed").exists()
    assert desk.ada.get(page_of(handle, "reveal")).status_code == 302
    assert not AuditEntry.objects.filter(verb="payload.viewed").exists()
    revealed = desk.ada.post(page_of(handle, "reveal"), follow=True)
    assert '"message": "a secret reason"' in text_of(revealed)
    assert "raise RuntimeError" in text_of(revealed)
    assert desk.ada.get(f"/executions/{handle.id}/payload/params.json").status_code == 200
    entry = AuditEntry.objects.get(verb="payload.viewed")
    assert (entry.actor_label, entry.execution_id, entry.attempt) == ("ada", key_of(handle), 3)
    other = desk.failed("another")
    assert '"message": "another"' not in text_of(desk.ada.get(page_of(other)))


def test_who_may_not_see_payloads_reveals_none(desk, hiding):
    """D18"""
    handle = desk.failed("a secret reason")
    assert "Reveal" not in text_of(desk.vera.get(page_of(handle)))
    assert desk.vera.post(page_of(handle, "reveal")).status_code == 403
    assert [entry.data["verb"] for entry in AuditEntry.objects.filter(verb="access.denied")] == ["view_payload"]
    assert not AuditEntry.objects.filter(verb="payload.viewed").exists()


def test_the_admin_hides_them_too(desk, hiding):
    handle = desk.failed("a secret reason")
    assert '"message": "a secret reason"' not in text_of(desk.ada.get(f"/admin/actions/execution/{handle.id}/change/"))
    assert desk.ada.get(f"/admin/actions/execution/{handle.id}/payload/params.json").status_code == 403


def test_a_reveal_does_not_last(desk, hiding, monkeypatch):
    from actions.desk import payloads

    handle = desk.failed("a secret reason")
    monkeypatch.setattr(payloads, "REVEALED_FOR", -1.0)
    shown = desk.ada.post(page_of(handle, "reveal"), follow=True)
    assert '"message": "a secret reason"' not in text_of(shown)


def test_replays_and_the_original_lead_to_each_other(desk):
    from actions.engine.operate.replay import replay
    from tests.stage import ALICE

    handle = desk.failed()
    again = replay(handle.id, actor=ALICE)
    assert page_of(again.id) in desk.ada.get(page_of(handle)).content.decode()
    assert f"Replay of {handle.id}" in text_of(desk.ada.get(page_of(again.id)))


def test_the_key_leads_to_those_with_the_same(desk):
    handle = app.noop.invoke(idempotency_key="order:7/a+b")
    assert "q=key%3A%22order%3A7%2Fa%2Bb%22" in desk.ada.get(page_of(handle)).content.decode()


def test_what_fails_alike_is_counted(desk):
    from actions.engine.group import group

    handle = desk.failed()
    group()
    assert "3 failed tries alike" in text_of(desk.ada.get(page_of(handle)))


def test_one_whose_action_and_worker_are_gone_is_shown(desk):
    """D11"""
    handle = desk.failed()
    rows("DELETE FROM actions_action WHERE name = 'test-fail'")
    rows("DELETE FROM actions_worker")
    page = desk.otto.get(page_of(handle))
    assert page.status_code == 200
    assert "not in the code any more" in text_of(page)
    assert "test-fail" in text_of(page)


def test_ten_thousand_attempts_are_paged(desk):
    """D17"""
    handle = desk.failed()
    rows(
        "INSERT INTO actions_attempt (execution_id, number, worker_id, started_at, finished_at, outcome) "
        "SELECT %s, number, 1, now(), now(), 'postponed' FROM generate_series(4, 10000) AS number",
        key_of(handle),
    )
    page = desk.ada.get(page_of(handle))
    assert [shown.row.number for shown in page.context["tries"]] == list(range(10_000, 9_975, -1))
    assert len(page.content) < 100_000
    assert count_queries(desk.ada, page_of(handle)) <= MOST_QUERIES
    older = desk.ada.get(page_of(handle) + "?before=26")
    assert [shown.row.number for shown in older.context["tries"]] == list(range(25, 0, -1))
    assert older.context["tries_before"] is None


def test_every_page_is_ten_queries_at_most(desk, chain, review):
    failed, waiting, done = chain.invoke(), review.invoke(), app.echo.invoke(value=1)
    desk.worker.work()
    broken, doubtful = desk.failed(), desk.in_doubt()
    for one in (failed, waiting, done, broken, doubtful, step_of(failed, "desk-moody")):
        for more in ((), ("raw",)):
            assert count_queries(desk.ada, page_of(one, *more)) <= MOST_QUERIES
    assert count_queries(desk.ada, "/workflows/") <= MOST_QUERIES
    for one, verb in (
        (broken, "retry"),
        (broken, "replay"),
        (doubtful, "resolve"),
        (waiting, "emit"),
        (waiting, "cancel"),
    ):
        assert count_queries(desk.ada, page_of(one, verb)) <= MOST_QUERIES


def test_what_goes_on_is_live_and_what_has_ended_is_not(desk, review):
    handle = review.invoke()
    desk.worker.work()
    page = desk.ada.get(page_of(handle))
    assert f'data-live="{page_of(handle)}"' in page.content.decode()
    fragment = live(desk.ada, page_of(handle))
    assert "<html" not in fragment.content.decode()
    assert "X-Live-Ended" not in fragment
    assert live(desk.ada, page_of(handle), fragment["ETag"]).status_code == 304
    ended = desk.failed()
    assert "data-live=" not in desk.ada.get(page_of(ended)).content.decode()
    assert live(desk.ada, page_of(ended))["X-Live-Ended"] == "1"


def test_extra_links_and_the_extra_template(desk, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "EXTRA_LINKS": "tests.interfaces.test_console_execution.links"}
    body = desk.ada.get(page_of(desk.failed())).content.decode()
    assert '<a href="https://logs.example/test-fail" rel="noreferrer">Logs' in body
    assert "javascript:" not in body


def links(execution: Execution) -> list[tuple[str, str]]:
    """What the test's installation adds."""
    return [("Logs", f"https://logs.example/{execution.action_id}"), ("Bad", "javascript:alert(1)")]


def test_without_the_audit_permission_there_is_no_audit(desk):
    user = User.objects.get(username="vera")
    user.groups.clear()
    user.user_permissions.add(Permission.objects.get(codename="view_execution"))
    page = desk.vera.get(page_of(desk.failed()))
    assert page.status_code == 200
    assert "execution.failed" not in text_of(page)


def test_read_only_offers_nothing(desk, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    handle = desk.failed()
    assert desk.ada.get(page_of(handle)).context["offered"] == []
    assert desk.ada.post(page_of(handle, "retry"), {"reason": "x", "attempt": "3"}).status_code == 403


def test_an_id_that_could_be_is_a_404(desk):
    from actions.ids import public_id

    assert desk.ada.get(page_of(public_id(new_id()))).status_code == 404
