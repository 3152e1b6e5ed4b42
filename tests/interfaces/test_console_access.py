"""Who may see and do what in the console: by log-in, by permission, in read-only mode. Hidden and refused, always both."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import get_resolver, reverse

from actions.conf import get as knobs
from actions.dashboard import urls
from actions.dashboard.routes import route
from actions.definitions.actor import Actor
from actions.engine import access
from actions.errors import ReadOnly
from actions.models import Action, AuditEntry, Execution, Queue, Tag
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import engine, rows

__all__ = ["desk", "engine"]

PAGES = ["/", "/actions/", "/actions/test-fail/", "/queues/", "/workers/", "/help/"]
FORMS = ["/actions/test-noop/trigger/", "/actions/test-noop/pause/", "/queues/default/pause/", "/tags/nightly/pause/"]


def changes():
    """What must not have happened."""
    return (
        Execution.objects.count(),
        Action.objects.filter(paused_at__isnull=False).count(),
        Queue.objects.filter(paused_at__isnull=False).count(),
        Tag.objects.filter(paused_at__isnull=False).count(),
    )


@pytest.fixture
def read_only(desk, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    assert knobs().READ_ONLY
    return desk


@pytest.mark.parametrize("address", [*PAGES, *FORMS])
def test_strangers_are_sent_to_the_log_in_and_back(desk, address):
    """D01"""
    answer = Client().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={address}")


@pytest.mark.parametrize("address", FORMS)
def test_strangers_change_nothing(desk, address):
    assert Client().post(address, {"reason": WHY}).status_code == 302
    assert changes() == (0, 0, 0, 0)


@pytest.mark.parametrize("next_", ["//evil.example", "https:evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_log_in_sends_nobody_elsewhere(desk, next_):
    """D13"""
    answer = Client().post("/login/", {"username": "ada", "password": "ada", "next": next_})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    remembered = desk.ada.post("/look/", {"theme": "dark", "next": next_})
    assert (remembered.status_code, remembered["Location"]) == (302, "/")


def test_the_log_in_leads_to_where_one_wanted(desk):
    answer = Client().post("/login/?next=/queues/", {"username": "ada", "password": "ada", "next": "/queues/"})
    assert answer["Location"] == "/queues/"


@pytest.mark.parametrize("address", [address for address in PAGES if address not in {"/", "/help/"}])
def test_without_permission_a_page_says_what_is_missing(desk, address):
    """D01"""
    answer = desk.nora.get(address)
    assert answer.status_code == 403
    assert "actions.view_" in text_of(answer)


def test_who_may_see_nothing_is_told_so(desk):
    assert "may see nothing yet" in text_of(desk.nora.get("/"))
    body = desk.nora.get("/").content.decode()
    assert 'role="search"' not in body
    assert 'data-go="' not in body


def test_what_is_not_permitted_is_hidden_and_refused(desk):
    shown, hidden = (browser.get("/actions/test-noop/").content.decode() for browser in (desk.otto, desk.vera))
    for address in FORMS[:2]:
        assert address in shown
        assert address not in hidden
        answer = desk.vera.post(address, {"reason": WHY})
        assert answer.status_code == 403
        assert "Ask an administrator for the permission actions." in text_of(answer)
    assert FORMS[2] in desk.otto.get("/queues/").content.decode()
    assert FORMS[2] not in desk.vera.get("/queues/").content.decode()
    assert desk.vera.get(FORMS[2]).status_code == 403
    assert changes() == (0, 0, 0, 0)
    denied = AuditEntry.objects.filter(verb="access.denied", actor_label="vera")
    assert [entry.data["verb"] for entry in denied.order_by("id")] == ["trigger", "pause"]


def test_the_navigation_has_what_one_may_see(desk):
    def places(browser):
        return {item.label for item in browser.get("/help/").context["frame"].nav}

    assert places(desk.nora) == set()
    assert {"Overview", "Executions", "Actions", "Queues"} <= places(desk.vera) <= places(desk.ada)
    assert "Audit" not in places(desk.vera)
    assert "/admin/" in desk.ada.get("/help/").content.decode()


def test_a_page_that_says_nothing_of_whom_it_is_for_is_not_served():
    with pytest.raises(ImproperlyConfigured, match="whom it is for"):
        route("leak/", lambda _: None, "leak")


def test_every_page_of_the_console_says_whom_it_is_for():
    served = {pattern.name for pattern in urls.urlpatterns}
    strangers = {pattern.name for pattern in urls.urlpatterns if pattern.callback.for_whom is None}
    assert strangers == {"login", "logout", "look"}
    assert {"overview", "executions", "execution", "actions", "action", "trigger", "queues", "workers"} <= served
    assert get_resolver().resolve("/").app_name == "console"


def test_read_only_hides_every_verb_and_says_so(read_only):
    body = read_only.ada.get("/actions/test-noop/").content.decode()
    assert not any(address in body for address in FORMS)
    assert "This installation is read-only" in text_of(read_only.ada.get("/"))
    assert read_only.ada.get("/admin/actions/action/test-noop/trigger/").status_code == 403


@pytest.mark.parametrize("address", FORMS)
def test_read_only_refuses_every_verb(read_only, address):
    assert read_only.ada.get(address).status_code == 403
    answer = read_only.ada.post(address, {"reason": WHY})
    assert answer.status_code == 403
    assert "read-only" in text_of(answer)
    assert changes() == (0, 0, 0, 0)


def test_read_only_is_asked_by_the_engine_too(read_only):
    from django.contrib.auth.models import User

    actor = access.actor_of(User.objects.get(username="ada"))
    for verb in ("retry", "cancel", "resolve", "pause", "trigger"):
        with pytest.raises(ReadOnly):
            access.require(actor, verb)
    access.require(actor, "view_payload")
    access.require(Actor("system", "code", "application code"), "trigger")


@pytest.mark.parametrize("address", PAGES)
def test_pages_make_few_queries(desk, address):
    desk.failed()
    desk.in_doubt()
    assert count_queries(desk.otto, address) <= MOST_QUERIES


def test_a_live_page_sends_only_what_has_changed(desk):
    desk.failed()
    rows("UPDATE actions_execution SET finished_at = '2026-01-01Z' WHERE finished_at IS NOT NULL")
    first = desk.vera.get("/actions/", headers={"X-Live": "1"})
    assert b"<html" not in first.content
    assert b"test-fail" in first.content
    again = desk.vera.get("/actions/", headers={"X-Live": "1", "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    desk.failed()
    assert desk.vera.get("/actions/", headers={"X-Live": "1", "If-None-Match": first["ETag"]}).status_code == 200


def test_the_look_is_remembered_without_scripts(desk):
    desk.vera.post("/look/", {"theme": "dark", "next": "/help/"})
    desk.vera.post("/look/", {"density": "dense"})
    desk.vera.post("/look/", {"keys": "<script>"})
    body = desk.vera.get("/help/").content.decode()
    assert 'data-theme="dark" data-density="dense" data-keys="on"' in body
    assert desk.vera.get("/look/").status_code == 405


def test_names_of_routes_are_the_contract(desk):
    assert reverse("console:action", args=["a.b-c_1"]) == "/actions/a.b-c_1/"
    assert reverse("console:execution", args=["exec_1"]) == "/executions/exec_1/"
