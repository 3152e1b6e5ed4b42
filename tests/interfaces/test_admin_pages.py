"""The admin's pages: who may see what, nothing to edit, text as text, bounded queries (D01, D06, D07, D09-D11, D18)."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions import Actor
from actions.engine.operate.trigger import trigger
from actions.ids import public_id
from actions.models import Action, AuditEntry, Execution
from actions.queries import stats
from tests.app import actions as app
from tests.interfaces.desk import (
    ACTIONS,
    LIST,
    MOST_QUERIES,
    count_queries,
    desk,
    page_of,
    text_of,
)
from tests.stage import engine, key_of, rows

__all__ = ["desk", "engine"]

AUDIT = "/admin/actions/auditentry/"
PAGES = ["/admin/", LIST, ACTIONS, "/admin/actions/queue/", "/admin/actions/worker/"]
SCRIPT = "<script>alert('x')</script>\u202egnp.exe\x1b[31m"


@pytest.mark.parametrize("address", [*PAGES, AUDIT, f"{LIST}exec_{'0' * 26}/change/"])
def test_strangers_are_sent_to_the_login_and_back(desk, address):
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"/admin/login/?next={address}"


@pytest.mark.parametrize("address", ["//evil.example", "https:evil.example", "https://evil.example/admin/"])
def test_the_login_sends_nobody_elsewhere(desk, address):
    led = Client().get("/admin/login/", {"next": address})
    assert led["Location"].startswith("/login/?next=")
    answer = Client().post(led["Location"], {"username": "ada", "password": "ada", "next": address})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]


def test_every_page_answers_and_has_no_inline_script_or_style(desk):
    handle = desk.failed()
    desk.in_doubt()
    entry = AuditEntry.objects.latest("id").pk
    addresses = [
        *PAGES, AUDIT, f"{AUDIT}{entry}/change/", page_of(handle), page_of(handle, "retry"), page_of(handle, "replay"),
        f"{ACTIONS}test-fail/change/", f"{ACTIONS}test-fail/trigger/", f"{ACTIONS}test-fail/pause/",
        "/admin/actions/queue/default/pause/",
    ]  # fmt: skip
    for address in addresses:
        answer = desk.ada.get(address)
        assert answer.status_code == 200, address
        body = answer.content.decode()
        assert "<style" not in body, address
        assert " style=" not in body, address
        assert " onclick=" not in body, address
        assert all("src=" in tag for tag in body.split("<script")[1:]), address
        assert "no-store" in answer["Cache-Control"], address


@pytest.mark.parametrize("address", [LIST, ACTIONS, "/admin/actions/queue/", "/admin/actions/worker/", AUDIT])
def test_without_permission_a_page_is_refused(desk, address):
    assert desk.nora.get(address).status_code == 403


def test_the_audit_is_for_those_who_may_see_it(desk):
    handle = desk.failed()
    assert desk.otto.get(AUDIT).status_code == 403
    assert "access.denied" not in text_of(desk.otto.get("/admin/"))
    assert "All entries about this execution" not in text_of(desk.otto.get(page_of(handle)))
    assert "All entries about this execution" in text_of(desk.ada.get(page_of(handle)))


def test_nobody_can_add_change_or_delete(desk):
    """D10."""
    handle = desk.failed()
    entry = AuditEntry.objects.latest("id").pk
    keys = {
        "execution": handle.id, "auditentry": str(entry), "action": "test-fail", "queue": "default",
        "worker": str(desk.worker.worker),
    }  # fmt: skip
    before = rows("SELECT count(*) FROM actions_execution")
    for model, key in keys.items():
        for rest in ("add/", f"{key}/change/", f"{key}/delete/"):
            answer = desk.ada.post(f"/admin/actions/{model}/{rest}", {"post": "yes", "status": "queued"})
            assert answer.status_code == 403, f"{model}/{rest}"
    assert rows("SELECT count(*) FROM actions_execution") == before
    assert Execution.objects.get(pk=key_of(handle)).status == "failed"
    assert AuditEntry.objects.filter(verb="access.denied", actor_label="ada").count() == len(keys) * 3


def test_delete_is_not_among_the_bulk_actions(desk):
    desk.failed()
    body = desk.ada.get(LIST).content.decode()
    assert "delete_selected" not in body
    assert desk.ada.post(LIST, {"action": "delete_selected", "_selected_action": "x"}).status_code in {200, 302}
    assert Execution.objects.count() == 1


def test_text_of_others_stays_text(desk):
    """D07: in params, errors, actor names and reasons."""
    actor = Actor("system", "x", SCRIPT)
    answer = trigger("test-fail", {"message": SCRIPT}, actor=actor, reason=SCRIPT.replace("\x1b", ""))
    desk.worker.work(waiting=True)
    for address in (page_of(answer.id), LIST, "/admin/", AUDIT, f"{AUDIT}?q={SCRIPT}", f"{LIST}?q={SCRIPT}"):
        body = desk.ada.get(address).content.decode()
        assert "<script>alert" not in body, address
    body = desk.ada.get(page_of(answer.id)).content.decode()
    assert "&lt;script&gt;alert" in body
    assert "\\u202egnp.exe\\u001b[31m" in body
    assert "\x1b" not in body


def test_params_and_results_need_their_own_permission(desk):
    handle = app.write_row.invoke(note="only-for-some-eyes")
    desk.worker.work()
    shown = text_of(desk.otto.get(page_of(handle)))
    assert shown.count("only-for-some-eyes") == 2
    hidden = text_of(desk.vera.get(page_of(handle)))
    assert "only-for-some-eyes" not in hidden
    assert "actions.view_payload" in hidden
    assert desk.vera.get(f"{LIST}{handle.id}/payload/params.json").status_code == 403
    assert desk.otto.get(f"{LIST}{handle.id}/payload/params.json").json()["note"] == "only-for-some-eyes"
    assert desk.otto.get(f"{LIST}{handle.id}/payload/id.json").status_code == 404


def test_secrets_are_dots_everywhere(desk):
    """D18."""
    handle = app.face_form.invoke(text="fail", pin="hunter2-hunter2")
    desk.worker.work(waiting=True)
    for address in (
        page_of(handle),
        page_of(handle, "replay"),
        LIST,
        "/admin/",
        f"{LIST}{handle.id}/payload/error.json",
    ):
        body = desk.ada.get(address).content.decode()
        assert "hunter2" not in body, address
    assert "••••" in desk.ada.get(page_of(handle)).content.decode()


def test_values_that_look_like_secrets_are_dotted(desk):
    handle = app.echo.invoke(value={"api_key": "hunter2", "name": "Ada"})
    body = desk.ada.get(page_of(handle)).content.decode()
    assert "hunter2" not in body
    assert "Ada" in body


def test_a_long_payload_is_cut_and_can_be_downloaded(desk):
    handle = app.echo.invoke(value=["x" * 60_000, "y" * 60_000])
    answer = desk.otto.get(page_of(handle))
    assert len(answer.content) < 120_000
    assert "Cut: 120," in text_of(answer) or "Cut: 1200" in text_of(answer)
    download = desk.otto.get(f"{LIST}{handle.id}/payload/params.json")
    assert download["Content-Disposition"].startswith("attachment")
    assert len(download.json()["value"][1]) == 60_000


@pytest.mark.parametrize(
    "text",
    [
        "exec_",
        f"exec_{'z' * 26}",
        "'; DROP TABLE x; --",
        "1",
        "x" * 10_000,
        "\ud83d\ude00",
        "%2e%2e",
        str(UUID(int=1 << 127)),
    ],
)
@pytest.mark.parametrize("verb", ["change", "retry", "replay", "delete"])
def test_an_unknown_execution_is_not_found(desk, text, verb):
    """D09."""
    address = f"{LIST}{text.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace')}/{verb}/"
    assert desk.ada.get(address).status_code == (403 if verb == "delete" else 404)


@pytest.mark.parametrize(
    "query",
    [
        "p=abc", "p=-1", "p=0", "p=100000000000000000000", "status=nonsense", "status=%00", "action=%00", "queue=%00",
        "o=9.9", "e=1", "all=", "_facets=True", "nonsense=1", "status=failed&status=queued", "id__exact=garbage",
        "action=no-such-action", "q=%00", f"q={'x' * 10_000}", "q=%25", "q=_", "q='", "q=%5C", "q=.*", "q=%F0%9F%98%80",
    ],
)  # fmt: skip
def test_an_odd_address_is_never_an_error(desk, query):
    """D06, D09."""
    desk.failed()
    answer = desk.ada.get(f"{LIST}?{query}", follow=True)
    assert answer.status_code == 200, answer.status_code


@pytest.mark.parametrize("query", ["params__x=1", "actor_id=1", "worker__host=x"])
def test_columns_cannot_be_guessed_by_the_address(desk, query):
    answer = desk.ada.get(f"{LIST}?{query}")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LIST}?e=1"


def test_an_unknown_status_is_named(desk):
    desk.failed()
    answer = text_of(desk.vera.get(f"{LIST}?status=nonsense"))
    assert "There is no status “nonsense”" in answer
    assert "0 executions" in answer


@pytest.mark.parametrize("wild", ["%", "_", "key-%", "key_1", "KEY-1"])
def test_search_is_by_id_or_exact_key(desk, wild):
    handle = app.noop.invoke(idempotency_key="key-1")
    other = app.noop.invoke(idempotency_key="key-2")
    for text in (
        handle.id,
        handle.id.upper().replace("EXEC_", "exec_"),
        "key-1",
        str(key_of(handle)),
        f" {handle.id} ",
    ):
        found = desk.vera.get(LIST, {"q": text}).content.decode()
        assert handle.id in found, text
        assert other.id not in found, text
    assert handle.id not in desk.vera.get(LIST, {"q": wild}).content.decode()


def test_filters_by_status_action_and_queue(desk):
    failed = desk.failed()
    waiting = app.noop.invoke()
    assert failed.id in text_of(desk.vera.get(f"{LIST}?status=failed"))
    assert waiting.id not in text_of(desk.vera.get(f"{LIST}?status=failed"))
    assert waiting.id in text_of(desk.vera.get(f"{LIST}?action=test-noop&queue=default&status=queued"))


def test_failed_ones_come_newest_failure_first(desk):
    first, second = app.fail.invoke(), app.give_up.invoke()
    desk.worker.work(waiting=True)
    rows("UPDATE actions_execution SET finished_at = now() + interval '1 minute' WHERE id = %s", key_of(first))
    body = text_of(desk.vera.get(f"{LIST}?status=failed"))
    assert body.index(first.id) < body.index(second.id)


def test_the_overview_counts_and_links(desk):
    failed = desk.failed("the server is down")
    doubt = desk.in_doubt()
    body = desk.vera.get("/admin/").content.decode()
    assert f"{LIST}?status=failed" in body
    for text in (failed.id, doubt.id, "the server is down", "doplatform", ["1", "worker at work"][1]):
        assert text in body


def test_the_index_names_nothing_of_django_rq(desk):
    assert "rq" not in text_of(desk.ada.get("/admin/")).lower().replace("requ", "")


def test_pages_make_few_queries_whatever_they_show(desk):
    handle = desk.failed()
    app.fail.invoke_many([{"message": str(number)} for number in range(60)])
    app.noop.invoke_many([{"n": number} for number in range(60)])
    desk.worker.work(waiting=True)
    entry = AuditEntry.objects.latest("id").pk
    addresses = [
        *PAGES, AUDIT, f"{AUDIT}{entry}/change/", page_of(handle), page_of(handle, "retry"), page_of(handle, "replay"),
        f"{LIST}?status=failed&action=test-fail", f"{ACTIONS}test-fail/change/", f"{ACTIONS}test-fail/trigger/",
    ]  # fmt: skip
    made = {address: count_queries(desk.ada, address) for address in addresses}
    assert {address: number for address, number in made.items() if number > MOST_QUERIES} == {}


def test_what_is_gone_is_shown_by_its_stored_name(desk):
    """D11."""
    answer = trigger("test-noop", {"n": 1}, actor=Actor("system", "17", "Greta, who left"))
    Execution.objects.update(action="gone-action")
    Action.objects.filter(pk="test-fail").delete()
    for address in (LIST, page_of(answer.id)):
        shown = text_of(desk.ada.get(address))
        assert "Greta, who left" in shown
        assert "gone-action" in shown
    assert desk.ada.get(page_of(answer.id, "replay")).status_code == 409
    assert desk.ada.get(f"{ACTIONS}gone-action/trigger/").status_code == 404


def test_many_attempts_are_paged(desk):
    """D17."""
    handle = desk.failed()
    key = key_of(handle)
    rows(
        "INSERT INTO actions_attempt (execution_id, number, worker_id, started_at, outcome) "
        "SELECT %s, number, %s, now(), 'failed' FROM generate_series(10, 10000) AS number",
        key, desk.worker.worker,
    )  # fmt: skip
    answer = desk.vera.get(page_of(handle))
    assert len(answer.context["tries"]) == 25
    assert "?before=9976" in answer.content.decode()
    assert len(desk.vera.get(f"{page_of(handle)}?before=9976").context["tries"]) == 25
    for odd in ("abc", "-1", "9" * 40, "%00", ""):
        assert desk.vera.get(f"{page_of(handle)}?before={odd}").status_code == 200


def test_the_list_says_when_it_is_longer_than_its_pages(desk, monkeypatch):
    monkeypatch.setattr("actions.admin.base.CAP", 60)
    app.noop.invoke_many([{"n": number} for number in range(70)])
    assert "The list is longer than 60 rows" in text_of(desk.vera.get(LIST))
    assert public_id(Execution.objects.order_by("-id")[59].pk) in text_of(desk.vera.get(f"{LIST}?p=99"))


def test_times_are_utc_with_the_exact_one_in_the_title(desk, settings):
    settings.TIME_ZONE = "America/New_York"
    handle = app.noop.invoke()
    created = Execution.objects.get(pk=key_of(handle)).created_at
    body = desk.vera.get(page_of(handle)).content.decode()
    assert f'title="{created:%Y-%m-%d %H:%M:%S.%f} UTC"' in body
    assert f">{created:%Y-%m-%d %H:%M:%S}<" in body


def test_counts_of_a_large_table_are_bounded_or_estimated(desk, monkeypatch):
    """D17: beyond a size nothing is counted to the end."""
    desk.failed()
    desk.in_doubt()
    app.noop.invoke_many([{"n": number} for number in range(30)])
    desk.worker.work()
    rows("ANALYZE actions_execution")
    monkeypatch.setattr(stats, "_SMALL", -1)
    monkeypatch.setattr(stats, "CAP", 0)
    counts = stats.by_status()
    assert counts["failed"].more
    assert counts["in_doubt"].more
    assert not counts["running"].more
    assert counts["succeeded"].estimated
    assert counts["succeeded"].number == 30
    assert "≈ 30" in text_of(desk.vera.get("/admin/"))


def test_an_old_form_token_is_explained(desk):
    """D02."""
    handle = desk.failed()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="otto"))
    answer = browser.post(page_of(handle, "retry"), {"reason": "x", "csrfmiddlewaretoken": "old"})
    assert answer.status_code == 403
    assert "Your session changed" in text_of(answer)
    assert Execution.objects.get().status == "failed"


def test_pages_are_not_framed(desk):
    assert desk.ada.get("/admin/")["X-Frame-Options"] == "DENY"
