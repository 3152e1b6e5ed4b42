"""Pausing until a time, and by tag, at every face: forms, API, commands."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.contrib.admin.utils import quote as admin_quote
from django.core.management.base import CommandError

from actions.engine.operate.pause import pause_tag
from actions.engine.sync import sync
from actions.models import Action, Queue, Tag
from tests.interfaces.api import Api, api, caller
from tests.interfaces.command_line import WHY, answer, refusal, said
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, text_of
from tests.stage import ALICE, declare, engine, rows

__all__ = ["api", "caller", "declare", "desk", "engine"]

pytestmark = pytest.mark.usefixtures("engine")


def hrefs(answer) -> set[str]:
    """Where a page leads."""
    return {html.unescape(link) for link in re.findall(r'href="([^"]+)"', answer.content.decode())}


FACES = {
    "console action": ("/actions/test-noop/pause/", Action, "test-noop"),
    "console queue": ("/queues/default/pause/", Queue, "default"),
    "admin action": ("/admin/actions/action/test-noop/pause/", Action, "test-noop"),
    "admin queue": ("/admin/actions/queue/default/pause/", Queue, "default"),
}


@pytest.mark.parametrize("face", FACES)
def test_a_form_takes_a_length_and_every_page_says_until_when(desk, face):
    address, kind, name = FACES[face]
    assert 'name="span"' in desk.otto.get(address).content.decode()
    before = datetime.now(UTC)
    assert desk.otto.post(address, {"reason": "crm", "span": "hours"}).status_code == 302
    until = kind.objects.get(pk=name).paused_until
    assert timedelta(hours=3.9) < until - before < timedelta(hours=4.1)
    moment = f"{until:%Y-%m-%d %H:%M}"
    console = "/queues/" if kind is Queue else "/actions/test-noop/"
    admin = "/admin/actions/queue/" if kind is Queue else "/admin/actions/action/test-noop/change/"
    for page in (console, admin, "/"):
        assert f"until {moment}" in text_of(desk.vera.get(page)), page
    assert desk.vera.post(address, {"reason": "crm", "span": "hours"}).status_code == 403
    assert "was already paused by otto" in text_of(desk.ada.post(address, {"reason": "mine"}, follow=True))


@pytest.mark.parametrize("face", FACES)
def test_a_form_takes_a_moment_or_says_what_is_wrong_with_it(desk, face):
    address, kind, name = FACES[face]
    for wrong in ("", "2020-01-01T00:00", "nonsense", "9999-12-31T23:59", "2030-13-01T00:00", "x" * 5_000):
        answered = desk.otto.post(address, {"reason": "crm", "span": "until", "until": wrong})
        assert answered.status_code == 200, wrong
        assert "errorlist" in answered.content.decode()
    assert desk.otto.post(address, {"reason": "crm", "span": "nonsense"}).status_code == 200
    assert kind.objects.get(pk=name).paused_at is None
    moment = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    sent = {"reason": "crm", "span": "until", "until": f"{moment:%Y-%m-%dT%H:%M}"}
    assert desk.otto.post(address, sent).status_code == 302
    assert kind.objects.get(pk=name).paused_until == moment


def test_the_api_takes_until_and_tells_it(api: Api):
    sync()
    until = datetime.now(UTC) + timedelta(hours=1)
    for path in ("actions/test-noop", "queues/default"):
        for wrong, code in (
            ("2020-01-01T00:00:00Z", "invalid_until"),
            ("2999-01-01T00:00:00Z", "invalid_until"),
            ("2030-01-01T00:00:00", "invalid_until"),
            ("tomorrow", "invalid_until"),
            (5, "invalid_request"),
            ("\x00", "nul_not_allowed"),
        ):
            refused = api.post(f"{path}/pause", {"reason": "r", "until": wrong})
            assert (refused.code, refused.paths()) == (code, ["until"]), wrong
            assert refused.status in {400, 422}
        assert api.post(f"{path}/pause", {"reason": "r", "until": until.isoformat()}).json["changed"] is True
        assert api.post(f"{path}/resume", {"until": until.isoformat()}).status == 422
    paused = api.get("actions/test-noop").json["paused"]
    assert datetime.fromisoformat(paused["until"]) == until
    api.post("actions/test-noop/resume")
    api.post("actions/test-noop/pause", {"reason": "r"})
    assert api.get("actions/test-noop").json["paused"]["until"] is None


@pytest.mark.parametrize(("kind", "name"), [("action", "test-noop"), ("queue", "default")])
def test_the_command_takes_a_time_or_a_length(kind: str, name: str):
    sync()
    model = {"action": Action, "queue": Queue}[kind]
    for words, code in (
        (["--until", "2020-01-01T00:00:00+00:00"], "invalid_until"),
        (["--until", "2030-01-01T00:00:00"], "invalid_until"),
        (["--until", "soon"], "invalid_until"),
    ):
        assert refusal("pause", kind, name, *words, *WHY)[1]["error"]["code"] == code
    for wrong in (
        ["--for", "4"],
        ["--for", "0m"],
        ["--for", "400d"],
        ["--for", "1h", "--until", "2030-01-01T00:00:00Z"],
    ):
        with pytest.raises(CommandError):
            said("pause", kind, name, *wrong, *WHY)
    assert model.objects.get(pk=name).paused_at is None
    told = answer("pause", kind, name, "--for", "90m", *WHY)
    until = model.objects.get(pk=name).paused_until
    assert told["until"] == until.isoformat()
    assert timedelta(minutes=89) < until - datetime.now(UTC) < timedelta(minutes=91)
    details = rows("SELECT data FROM actions_auditentry WHERE verb = %s", f"{kind}.paused")[0][0]
    assert (json.loads(details) if isinstance(details, str) else details)["until"] == until.isoformat()


@pytest.fixture
def tagged(declare):
    """An action with a tag that addresses and pages have to take as it is."""

    @declare("face-tagged", tags=[TAG, "nightly"])
    def act() -> None: ...

    return act


TAG = "crm/eu <b>&1"


@pytest.mark.parametrize("base", ["/tags/", "/admin/actions/action/face-tagged/tag/"])
def test_a_tag_is_paused_by_its_form_and_said_on_every_page(tagged, desk, base):
    body = desk.otto.get("/actions/").content.decode()
    address = f"{base}{quote(TAG, safe='')}/pause/" if base == "/tags/" else f"{base}{admin_quote(TAG)}/pause/"
    page = "/actions/" if base == "/tags/" else "/admin/actions/action/face-tagged/change/"
    links = [link for link in hrefs(desk.otto.get(page)) if link.endswith("/pause/") and "eu" in link]
    assert len(links) == 1
    assert hrefs(desk.vera.get(page)) & {links[0]} == set()
    assert "<b>&1" not in body
    assert desk.vera.post(links[0], {"reason": "x"}).status_code == 403
    assert desk.nora.get(links[0]).status_code == 403
    assert desk.otto.post(links[0], {"reason": " "}).status_code == 200
    assert desk.otto.post(links[0], {"reason": "the CRM is down", "span": "hour"}).status_code == 302
    assert Tag.objects.get(pk=TAG).paused_by == "otto"
    assert desk.otto.post(address, {"reason": "again"}, follow=True).status_code == 200
    for told in (
        "/actions/face-tagged/", "/actions/face-tagged/trigger/", "/actions/", "/admin/actions/action/face-tagged/change/",
        "/admin/actions/action/", "/admin/", "/",
    ):  # fmt: skip
        assert TAG in text_of(desk.otto.get(told)), told
    waiting = tagged.invoke()
    assert f"The tag {TAG} is paused by otto" in text_of(desk.vera.get(f"/executions/{waiting.id}/"))
    assert "face-tagged" in text_of(desk.vera.get("/actions/?state=paused"))
    assert "face-tagged" in text_of(desk.vera.get(f"/actions/?tag={quote(TAG)}"))
    assert "test-noop" not in text_of(desk.vera.get(f"/actions/?tag={quote(TAG)}", headers={"X-Live": "1"}))
    assert desk.otto.post(links[0].replace("/pause/", "/resume/"), {"reason": "back"}).status_code == 302
    assert Tag.objects.get(pk=TAG).paused_at is None
    assert "is not paused" in text_of(
        desk.ada.post(links[0].replace("/pause/", "/resume/"), {"reason": "x"}, follow=True)
    )


def test_odd_tags_are_no_faults(desk):
    for tag in ("%00", "x" * 101):
        assert desk.otto.get(f"/tags/{tag}/pause/").status_code == 404
        assert desk.otto.post(f"/tags/{tag}/pause/", {"reason": "x"}).status_code == 404
    assert desk.otto.get("/admin/actions/action/test-noop/tag/none/pause/").status_code == 404
    assert "is not paused" in text_of(desk.otto.post("/tags/never/resume/", {"reason": "x"}, follow=True))
    assert desk.otto.get("/actions/?tag=%00").status_code == 200


def test_pages_with_tags_are_bounded(tagged, desk):
    pause_tag(TAG, actor=ALICE, reason="x")
    pause_tag("nightly", actor=ALICE, reason="x")
    for address in (
        "/actions/",
        "/actions/face-tagged/",
        "/admin/actions/action/",
        "/admin/actions/action/face-tagged/change/",
    ):
        assert count_queries(desk.otto, address) <= MOST_QUERIES, address


def test_the_api_pauses_a_tag_with_the_scope_for_all_actions(tagged, caller):
    api = caller("action:*:pause", "action:*:read")
    path = f"tags/{quote(TAG, safe='')}"
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert api.post(f"{path}/pause", {"reason": "r", "until": until}).json == {
        "name": TAG,
        "paused": True,
        "changed": True,
    }
    assert api.post(f"{path}/pause").json["changed"] is False
    paused = api.get("actions/face-tagged").json["paused"]
    assert (paused["tag"], paused["reason"], paused["until"]) == (TAG, "r", until)
    listed = {one["name"]: one["paused"] for one in api.get("actions").json["items"]}
    assert (listed["face-tagged"]["tag"], listed["test-noop"]) == (TAG, None)
    assert api.post(f"{path}/resume").json["paused"] is False
    for lacking in ("action:face-tagged:pause", "action:face*:pause", "queue:*:pause"):
        refused = caller(lacking).post(f"{path}/pause")
        assert (refused.status, refused.code) == (403, "forbidden")
        assert "action:*:pause" in refused.json["detail"]
    for wrong in ("%00", "x" * 101):
        assert api.post(f"tags/{wrong}/pause").status in {404, 422}
    assert rows("SELECT verb FROM actions_auditentry WHERE verb LIKE 'tag.%%' ORDER BY id") == [
        ("tag.paused",), ("tag.resumed",)]  # fmt: skip


def test_the_command_pauses_a_tag(tagged):
    assert answer("pause", "tag", TAG, *WHY) == {"kind": "tag", "name": TAG, "paused": True, "changed": True}
    assert answer("resume", "tag", TAG, *WHY)["changed"] is True
    for wrong in ("", "\x00", "\ud800", "x" * 101):
        assert refusal("pause", "tag", wrong, *WHY)[1]["error"]["code"] == "invalid_tag"
        assert answer("resume", "tag", wrong, *WHY)["changed"] is False
