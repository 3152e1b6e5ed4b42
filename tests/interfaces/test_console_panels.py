"""Panels of an installation: on the pages that they were registered for, for those who may see them, escaped, and without harm to
the page when they fail."""

import pytest
from django.db import connection
from django.template import TemplateDoesNotExist
from structlog.testing import capture_logs

from actions import panels
from tests.app import actions as app
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.stage import engine

__all__ = ["desk", "engine"]

TEMPLATE = "console/parts/panels.html"
"""Any template: it shows the title and the html of what it is given as `panels`."""


@pytest.fixture
def added():
    """Registers panels that are gone after the test."""
    made = []

    def add(title, where="execution", content=lambda request, subject: {"panels": []}, **more):
        made.append(panels.register(title, where=where, content=content, **{"template": TEMPLATE, **more}))

    yield add
    for panel in made:
        panels.remove(panel)


def nested(text):
    return {"panels": [{"title": text, "html": ""}]}


def test_a_panel_stands_on_its_page_alone(desk, added):
    asked = []

    def content(request, subject):
        asked.append((request.user.get_username(), subject))
        return nested(f"of {getattr(subject, 'pk', subject)}")

    handle = app.noop.invoke()
    for where in panels.PLACES:
        added(f"Panel of {where}", where, content)
    pages = {"overview": "/", "execution": f"/executions/{handle.id}/", "action": "/actions/test-noop/"}
    for where, address in pages.items():
        body = text_of(desk.vera.get(address))
        assert [other for other in panels.PLACES if f"Panel of {other}" in body] == [where]
    assert "of None" in text_of(desk.vera.get("/"))
    assert "of test-noop" in text_of(desk.vera.get("/actions/test-noop/"))
    assert asked[0] == ("vera", None)
    assert asked[1][1].public_id == handle.id


def test_what_a_panel_says_is_escaped(desk, added):
    added("<b>Title</b>", "overview", lambda *_: nested("<script>alert(1)</script>"))
    body = desk.vera.get("/").content.decode()
    assert "&lt;script&gt;alert(1)" in body
    assert "<script>alert(1)" not in body
    assert "<b>Title</b>" not in body


def test_none_is_no_panel(desk, added):
    added("Not here", "overview", lambda *_: None)
    assert "Not here" not in text_of(desk.vera.get("/"))


def _raises(*_):
    raise KeyError("a secret of the shop")


def _broken_statement(*_):
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")


@pytest.mark.parametrize(
    ("content", "template", "said"),
    [
        (_raises, TEMPLATE, "KeyError"),
        (_broken_statement, TEMPLATE, "ProgrammingError"),
        (lambda *_: "text", TEMPLATE, "TypeError"),
        (lambda *_: {}, "no/such.html", TemplateDoesNotExist.__name__),
    ],
)
def test_a_panel_that_fails_says_so_and_the_page_stands(desk, added, content, template, said):
    added("Broken", "execution", content, template=template)
    added("Sound", "execution", lambda *_: nested("all is well"))
    handle = desk.failed()
    with capture_logs() as logs:
        answer = desk.otto.get(f"/executions/{handle.id}/")
    body = text_of(answer)
    assert answer.status_code == 200
    assert f"This panel failed: {said}" in body
    assert "a secret of the shop" not in body
    for word in ("Retry", "test-fail", "Sound", "all is well"):
        assert word in body
    assert [entry["panel"] for entry in logs if entry["event"] == "panel_failed"] == ["Broken"]


def test_without_its_permission_it_is_neither_shown_nor_asked(desk, added):
    asked = []
    added("For administrators", "overview", lambda *_: asked.append(1) or nested("x"), permission="actions.manage_keys")
    assert "For administrators" not in text_of(desk.otto.get("/"))
    assert asked == []
    assert "For administrators" in text_of(desk.ada.get("/"))


def test_a_panel_knows_whether_payloads_are_hidden(desk, added, settings):
    added("Sees", "execution", lambda request, one: nested("seen" if panels.sees_payload(request, one) else "hidden"))
    handle = desk.failed()
    told = {name: text_of(getattr(desk, name).get(f"/executions/{handle.id}/")) for name in ("vera", "otto")}
    assert " hidden " in told["vera"]
    assert " seen " in told["otto"]
    settings.DOPLATFORM = {**settings.DOPLATFORM, "HIDE_PAYLOADS": True}
    assert " hidden " in text_of(desk.otto.get(f"/executions/{handle.id}/"))


def test_a_second_of_the_same_title_takes_its_place(desk, added):
    added("One", "overview", lambda *_: nested("the former"))
    added("One", "overview", lambda *_: nested("the latter"))
    body = text_of(desk.vera.get("/"))
    assert "the latter" in body
    assert "the former" not in body


@pytest.mark.parametrize("wrong", [{"where": "nowhere"}, {"title": " "}, {"template": ""}])
def test_what_cannot_be_a_panel_is_refused_at_once(wrong):
    given = {"title": "One", "where": "overview", "content": lambda *_: None, "template": TEMPLATE, **wrong}
    with pytest.raises(ValueError, match="panel"):
        panels.register(**given)


def test_panels_are_not_asked_when_a_page_is_kept_live(desk, added):
    asked = []
    added("Slow", "overview", lambda *_: asked.append(1) or nested("x"))
    desk.vera.get("/", headers={"X-Live": "1"})
    assert asked == []
    assert count_queries(desk.vera, "/") <= MOST_QUERIES
