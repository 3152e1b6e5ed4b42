"""Saved views: one's own, shared ones, those that come with the code, and with which one the list begins."""

import pytest

from actions.models import AuditEntry, PreferredView, SavedView
from actions.queries.search import parse
from actions.queries.views import always
from tests.interfaces.console_list import LIST, links, list_of, shown
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, text_of
from tests.stage import engine

__all__ = ["desk", "engine"]


def save(browser, name="Mine", query="state:failed queue:mail", **more):
    return browser.post("/views/", {"name": name, "query": query, **more})


def test_a_search_is_saved_from_the_list_and_stands_above_it(desk):
    page = desk.vera.get(list_of("state:failed queue:mail"))
    assert "/views/?q=state%3Afailed+queue%3Amail" in links(page)
    form = desk.vera.get("/views/?q=state%3Afailed+queue%3Amail")
    assert 'value="state:failed queue:mail"' in form.content.decode()
    assert save(desk.vera, query="status:failed   queue:mail")["Location"] == list_of("state:failed queue:mail")
    again = desk.vera.get(list_of("state:failed queue:mail"))
    assert "Mine" in text_of(again)
    assert 'title="Yours alone" aria-current="page"' in again.content.decode()
    # Saved once more under its name, it is that one.
    save(desk.vera, query="state:queued")
    assert list(SavedView.objects.values_list("name", "query", "owner_label")) == [("Mine", "state:queued", "vera")]
    assert not AuditEntry.objects.filter(verb__startswith="view.").exists()


def test_ones_own_are_ones_own(desk):
    save(desk.vera)
    kept = SavedView.objects.get()
    assert "Mine" not in text_of(desk.otto.get("/views/"))
    for address in (f"/views/{kept.pk}/", f"/views/{kept.pk}/remove/"):
        assert desk.otto.get(address).status_code == 404
        assert desk.otto.post(address, {"name": "x"}).status_code == 404
    desk.otto.post("/views/prefer/", {"view": str(kept.pk)})
    assert not PreferredView.objects.exists()
    assert SavedView.objects.get().name == "Mine"


def test_sharing_needs_the_permission_and_is_audited(desk):
    save(desk.vera, shared="on")
    assert not SavedView.objects.get().shared
    save(desk.otto, "Ours", "state:in_doubt", shared="on")
    ours = SavedView.objects.get(name="Ours")
    assert "Ours" in text_of(desk.vera.get("/views/"))
    assert "Shared by otto" in text_of(desk.vera.get("/views/"))
    assert f"/views/{ours.pk}/" not in links(desk.vera.get("/views/"))
    assert desk.vera.post(f"/views/{ours.pk}/", {"name": "Hers"}).status_code == 403
    assert desk.vera.post(f"/views/{ours.pk}/remove/").status_code == 403
    assert desk.ada.post(f"/views/{ours.pk}/", {"name": "Everybody's", "shared": "on"}).status_code == 302
    desk.ada.post(f"/views/{ours.pk}/", {"name": "Everybody's"})
    assert "Everybody's" not in text_of(desk.vera.get("/views/"))
    desk.otto.post(f"/views/{ours.pk}/remove/")
    told = AuditEntry.objects.filter(verb__startswith="view.").order_by("id").values_list("verb", "actor_label")
    assert list(told) == [("view.shared", "otto"), ("view.shared", "ada"), ("view.unshared", "ada")]


def test_a_shared_view_outlives_who_made_it(desk):
    """D11"""
    from django.contrib.auth.models import User

    save(desk.otto, "Ours", "state:in_doubt", shared="on")
    User.objects.get(username="otto").delete()
    assert "Shared by otto" in text_of(desk.vera.get("/views/"))
    ours = SavedView.objects.get()
    assert desk.ada.post(f"/views/{ours.pk}/remove/").status_code == 302
    assert AuditEntry.objects.filter(verb="view.removed", actor_label="ada").exists()


def test_the_list_begins_with_the_preferred_one(desk):
    save(desk.vera)
    kept = SavedView.objects.get()
    desk.vera.post("/views/prefer/", {"view": str(kept.pk)})
    assert desk.vera.get(LIST)["Location"] == list_of("state:failed queue:mail")
    assert desk.vera.get(list_of("")).status_code == 200
    assert desk.otto.get(LIST).status_code == 200
    desk.vera.post("/views/prefer/", {"view": "failed"})
    assert desk.vera.get(LIST)["Location"] == list_of("state:failed")
    desk.vera.post("/views/prefer/", {"view": str(kept.pk)})
    desk.vera.post(f"/views/{kept.pk}/remove/")
    assert desk.vera.get(LIST).status_code == 200
    desk.vera.post("/views/prefer/", {"view": "stuck"})
    desk.vera.post("/views/prefer/", {})
    assert desk.vera.get(LIST).status_code == 200
    assert desk.vera.get("/views/prefer/").status_code == 405
    assert desk.vera.post("/views/prefer/", {"view": "nothing\0"}).status_code == 404


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "\0"])
def test_a_name_that_is_none_is_a_fault(desk, name):
    answer = save(desk.vera, name)
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert 'value="state:failed queue:mail"' in answer.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("query", ["state:faild", "x" * 2_001, "tag:\0"])
def test_a_search_that_cannot_be_read_is_not_saved(desk, query):
    assert save(desk.vera, query=query).status_code == 200
    assert not SavedView.objects.exists()


def test_every_view_that_comes_with_the_code_is_a_search(desk):
    desk.failed()
    desk.in_doubt()
    user = str(desk.vera.session["_auth_user_id"])
    found = {view.key: len(shown(desk.vera.get(list_of(view.query)))) for view in always(user)}
    assert found == {"failed": 1, "in-doubt": 1, "stuck": 0, "long": 0, "workflows": 0, "mine-today": 0}
    assert all(str(parse(view.query)) == view.query for view in always(user))
    desk.otto.post(
        "/actions/test-noop/trigger/", {"form_key": "form-1", "reason": WHY, "param-n": "1", "param-text": "a"}
    )
    otto = str(desk.otto.session["_auth_user_id"])
    mine = next(view for view in always(otto) if view.key == "mine-today")
    assert len(shown(desk.otto.get(list_of(mine.query)))) == 1
    assert "My triggers today" in text_of(desk.otto.get(LIST))


def test_what_is_due_and_not_taken_is_stuck(desk):
    from actions.ids import public_id
    from tests.engine.searching import catalogue, execution

    catalogue()
    late = execution(1, status="queued")
    stuck = next(view for view in always("1") if view.key == "stuck")
    assert shown(desk.vera.get(list_of(stuck.query))) == [public_id(late)]


def test_pages_of_views_make_few_queries(desk):
    for number in range(30):
        save(desk.otto, f"view {number}", f"tag:t{number}", **({"shared": "on"} if number % 2 else {}))
    for address in ("/views/", "/views/?q=x", list_of(""), f"/views/{SavedView.objects.first().pk}/"):
        assert count_queries(desk.otto, address) <= MOST_QUERIES
