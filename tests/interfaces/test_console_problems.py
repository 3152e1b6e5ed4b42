"""What the console says when something goes wrong, and what every answer carries."""

import html
import re
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connections
from django.test import Client

from actions.engine import dispatch
from actions.engine.operate.pause import pause_action, pause_queue, pause_tag, resume_action
from actions.models import Execution
from doplatform import paths
from tests.interfaces.desk import LIST, desk, text_of
from tests.stage import ALICE, engine

__all__ = ["desk", "engine"]

PAGES = [
    "/",
    "/actions/",
    "/actions/test-noop/",
    "/actions/test-noop/trigger/",
    "/queues/",
    "/alerts/",
    "/help/",
    "/login/",
    "/nowhere/",
]
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
}  # fmt: skip


@pytest.mark.parametrize("address", [*PAGES, "/admin/", LIST])
def test_every_answer_carries_the_policy(desk, address):
    """D14, S-04, S-05, S-18"""
    answer = desk.otto.get(address)
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert re.fullmatch("req-[0-9a-f]{32}", answer["X-Request-Id"])


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_what_the_policy_forbids(desk, address):
    body = (Client() if address == "/login/" else desk.ada).get(address).content.decode()
    assert "<style" not in body
    assert not re.search(r"\s(style|on[a-z]+)=", body)
    assert all("src=" in tag.partition(">")[0] for tag in body.split("<script")[1:])
    assert "javascript:" not in body


def test_a_request_keeps_the_short_id_that_it_came_with(desk):
    assert desk.otto.get("/help/", headers={"X-Request-Id": "abc-1"})["X-Request-Id"] == "abc-1"
    for odd in ("a b", "x" * 65, "<script>", ""):
        assert desk.otto.get("/help/", headers={"X-Request-Id": odd})["X-Request-Id"] != odd


def test_with_https_the_cookies_are_bound_to_this_host():
    code = "from doplatform import settings as s; print(*(getattr(s, name, None) for name in ('SESSION_COOKIE_NAME', 'CSRF_COOKIE_NAME')))"
    for https, said in (("True", "__Host-session __Host-csrf"), ("False", "None None")):
        environment = {"HTTPS": https, "SECRET_KEY": "x", "PATH": ""}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=paths.BASE, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == said


def old_form(text, **more):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="otto"))
    sent = {"reason": text, "param-pin": "hunter2", "secret-field": "param-pin", "api_token": "hunter3", **more}
    return browser.post("/actions/test-noop/pause/", {**sent, "csrfmiddlewaretoken": "old"})


def test_an_old_form_comes_back_with_what_was_typed(desk):
    """D02"""
    answer = old_form("<b>half an hour of work</b>")
    assert answer.status_code == 403
    body = answer.content.decode()
    assert "Your session changed" in body
    assert "&lt;b&gt;half an hour of work&lt;/b&gt;" in body
    assert "hunter" not in body
    assert 'href="/actions/test-noop/pause/"' in body


def test_what_another_site_sends_is_not_shown(desk):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="otto"))
    answer = browser.post("/actions/test-noop/pause/", {"reason": "call 555"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "555" not in answer.content.decode()


def test_what_is_not_there_is_a_page_with_a_way_back(desk):
    answer = desk.otto.get("/nowhere/<script>")
    assert answer.status_code == 404
    assert b"<script>" not in answer.content.replace(b"<script src", b"")
    assert "There is nothing here" in text_of(answer)
    assert desk.otto.get("/actions/no-such-action/").status_code == 404
    assert desk.otto.get("/actions/%00/").status_code == 404
    assert Client().get("/nowhere/").status_code == 404


def lost(*_, **__):
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("address", ["/", "/actions/", "/queues/", "/admin/"])
def test_postgresql_away_is_said_so(desk, address, monkeypatch):
    """D16: also where it goes while somebody's session is looked up."""
    desk.otto.raise_request_exception = False
    with monkeypatch.context() as away:
        away.setattr(connections["default"], "cursor", lost)
        answer = desk.otto.get(address)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer["X-Request-Id"] in answer.content.decode()
    assert "The database does not answer" in text_of(answer)
    assert f'href="{address}"' in answer.content.decode()


def test_a_fault_of_ours_is_a_500_with_the_id_of_its_request(desk, monkeypatch):
    desk.otto.raise_request_exception = False
    monkeypatch.setattr("actions.dashboard.overview.troubles", lambda *_: 1 / 0)
    answer = desk.otto.get("/")
    assert answer.status_code == 500
    assert answer["X-Request-Id"] in answer.content.decode()
    assert "division" not in answer.content.decode()


def test_redis_away_is_a_banner(desk, settings):
    """D16"""
    assert "Queue degraded" not in text_of(desk.vera.get("/"))
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    settings.RQ_QUEUES = {"default": {"URL": settings.REDIS_URL}}
    dispatch.reset()
    answer = desk.vera.get("/")
    assert answer.status_code == 200
    assert "Queue degraded: Redis does not answer." in text_of(answer)
    dispatch.reset()


def test_pauses_and_a_silent_maintain_are_banners(desk):
    body = text_of(desk.vera.get("/"))
    assert "Maintain is silent." in body
    assert "Paused:" not in body
    desk.otto.post("/queues/default/pause/", {"reason": "the <provider> is down"})
    desk.otto.post("/actions/test-noop/pause/", {"reason": "and this"})
    body = text_of(desk.vera.get("/"))
    assert "the <provider> is down" in body


def test_the_banner_of_pauses_names_queues_first_and_leads_to_where_each_is_resumed(desk):
    pause_tag("eu/crm <b>", actor=ALICE, reason="first")
    for name in ("test-noop", "test-fail", "test-echo"):
        pause_action(name, actor=ALICE, reason=f"for {name}")
    pause_queue("default", actor=ALICE, reason="deploy")
    banner = text_of(desk.otto.get("/")).partition("Paused:")[2].partition("Overview")[0]
    said = [
        "queue default by Alice since",
        "UTC : deploy",  # its times are elements of their own
        "tag eu/crm <b> by Alice since",
        "action test-noop by Alice since",
    ]
    assert [text for text in said if text in banner] == said
    assert sorted(said, key=banner.index) == said
    assert "and 2 more" in banner
    assert "test-fail" not in banner
    for browser, ends in ((desk.otto, "/resume/"), (desk.vera, "/")):
        body = browser.get("/").content.decode()
        (div,) = re.findall(
            r'<div class="banner warn"[^>]*>(?:(?!</div></div>).)*Paused:.*?</div></div>', body, re.DOTALL
        )
        links = [html.unescape(link) for link in re.findall(r'href="([^#"][^"]*)"', div)]
        assert len(links) == 4
        assert links[0] == ("/queues/default/resume/" if browser is desk.otto else "/queues/")
        assert links[1] == (
            "/tags/eu/crm%20%3Cb%3E/resume/" if browser is desk.otto else "/actions/?tag=eu%2Fcrm+%3Cb%3E"
        )
        assert links[3] == "/actions/?state=paused"
        assert all(link.partition("?")[0].endswith(ends) for link in links[:3])
        for link in links:
            assert browser.get(link).status_code == 200
    for name in ("test-noop", "test-fail", "test-echo"):
        resume_action(name, actor=ALICE, reason="back")
    assert " more" not in text_of(desk.otto.get("/")).partition("Paused:")[2].partition("Overview")[0]


def test_texts_of_others_stay_text(desk):
    """D07"""
    desk.failed("<script>alert('x')</script>\u202egnp.exe")
    for address in ("/", "/actions/test-fail/"):
        body = desk.vera.get(address).content.decode()
        assert "<script>alert" not in body
        assert "\\u202egnp.exe" in body


@pytest.mark.parametrize(
    "query", ["find=%00", "find=%25", "kind=nonsense", "state=nonsense", f"find={'x' * 5000}", "find=_"]
)
def test_odd_addresses_are_no_errors(desk, query):
    """D06, D09"""
    answer = desk.vera.get(f"/actions/?{query}")
    assert answer.status_code == 200
    assert "test-noop" not in text_of(answer) or query == "find=_"


def test_trigger_pause_and_resume_by_their_forms(desk):
    """The same forms as the admin's: every fault beside its field, one execution per form."""
    opened = desk.otto.get("/actions/face-form/trigger/?param-text=hello&param-pin=hunter2")
    body = opened.content.decode()
    assert 'value="hunter2"' not in body
    assert re.search(r'name="param-text"[^>]*(value="hello"|>\s*hello<)', body)
    key = re.search(r'name="form_key" value="([^"]+)"', body)[1]
    wrong = desk.otto.post(
        "/actions/face-form/trigger/", {"form_key": key, "param-text": "hello", "param-items": "[1,"}
    )
    assert wrong.status_code == 200
    assert "Nothing was stored." in text_of(wrong)
    assert "errorlist" in wrong.content.decode()
    sent = {"form_key": key, "param-n": "7"}
    first, second = (desk.otto.post("/actions/test-noop/trigger/", sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert first["Location"].startswith("/executions/exec_")
    assert Execution.objects.count() == 1
    assert "was accepted before" in text_of(desk.otto.get("/help/"))
    assert desk.otto.post("/actions/test-noop/pause/", {"reason": " "}).status_code == 200
    assert desk.otto.post("/actions/test-noop/pause/", {"reason": "why"})["Location"] == "/actions/test-noop/"
    assert "Paused by otto since" in text_of(desk.otto.get("/actions/test-noop/"))
    assert desk.otto.post("/actions/test-noop/resume/", {"reason": "why"})["Location"] == "/actions/test-noop/"
