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
from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.engine.sync import sync
from actions.models import Action, Queue, Schedule, Tag
from tests.interfaces.api import Api, api, caller
from tests.interfaces.command_line import WHY, answer, refusal, said
from tests.interfaces.desk import MOST_QUERIES, count_queries, desk, hidden_in, text_of
from tests.stage import ALICE, declare, engine, rows

__all__ = ["api", "caller", "declare", "desk", "engine"]

pytestmark = pytest.mark.usefixtures("engine")


def hrefs(answer) -> set[str]:
    """Where a page leads."""
    return {html.unescape(link) for link in re.findall(r'href="([^"]+)"', answer.content.decode())}


FACES = {
    "console action": ("/actions/test-noop/", "pause/", Action),
    "console queue": ("/queues/default/", "pause/", Queue),
    "console schedule": ("/schedules/{}/", "pause/", Schedule),
    "admin action": ("/admin/actions/action/test-noop/", "pause/", Action),
    "admin queue": ("/admin/actions/queue/default/", "pause/", Queue),
    "admin schedule": ("/admin/actions/schedule/{}/", "pause/", Schedule),
}


def face_of(face):
    """The address of the form, the row that it is about, and the pages that tell of its pause."""
    base, verb, kind = FACES[face]
    if kind is Schedule:
        row = kind.objects.get(pk=make("test-noop", Wanted(name="nightly", cron="0 3 * * *"), actor=ALICE))
        base = base.format(row.pk)
        return f"{base}{verb}", row, (f"/schedules/{row.pk}/", f"/admin/actions/schedule/{row.pk}/change/")
    row = kind.objects.get(pk={Action: "test-noop", Queue: "default"}[kind])
    console = "/queues/" if kind is Queue else "/actions/test-noop/"
    admin = "/admin/actions/queue/" if kind is Queue else "/admin/actions/action/test-noop/change/"
    return f"{base}{verb}", row, (console, admin, "/")


@pytest.mark.parametrize("face", FACES)
def test_a_form_takes_a_length_and_every_page_says_until_when(desk, face):
    address, row, pages = face_of(face)
    assert 'name="span"' in desk.otto.get(address).content.decode()
    before = datetime.now(UTC)
    assert desk.otto.post(address, {"reason": "crm", "span": "hours"}).status_code == 302
    row.refresh_from_db()
    assert timedelta(hours=3.9) < row.paused_until - before < timedelta(hours=4.1)
    for page in pages:
        assert f"until {row.paused_until:%Y-%m-%d %H:%M}" in text_of(desk.vera.get(page)), page
    assert desk.vera.post(address, {"reason": "crm", "span": "hours"}).status_code == 403
    assert "was already paused by otto" in text_of(desk.ada.post(address, {"reason": "mine"}, follow=True))


@pytest.mark.parametrize("face", FACES)
def test_a_form_takes_a_moment_or_says_what_is_wrong_with_it(desk, face):
    address, row, _ = face_of(face)
    for wrong in ("", "2020-01-01T00:00", "nonsense", "9999-12-31T23:59", "2030-13-01T00:00", "x" * 5_000):
        answered = desk.otto.post(address, {"reason": "crm", "span": "until", "until": wrong})
        assert answered.status_code == 200, wrong
        assert "errorlist" in answered.content.decode()
    assert desk.otto.post(address, {"reason": "crm", "span": "nonsense"}).status_code == 200
    row.refresh_from_db()
    assert row.paused_at is None
    moment = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    sent = {"reason": "crm", "span": "until", "until": f"{moment:%Y-%m-%dT%H:%M}"}
    assert desk.otto.post(address, sent).status_code == 302
    row.refresh_from_db()
    assert row.paused_until == moment


@pytest.mark.parametrize("face", FACES)
def test_a_form_changes_the_pause_that_it_was_opened_on(desk, face):
    address, row, pages = face_of(face)
    desk.otto.post(address, {"reason": "crm", "span": "hour"})
    row.refresh_from_db()
    opened = desk.otto.get(address)
    assert "Change until when" in text_of(opened)
    form = opened.context["form"]
    assert (form["span"].value(), form["reason"].value()) == ("until", "crm")
    assert form["until"].value() == f"{row.paused_until:%Y-%m-%dT%H:%M:%S}"
    assert any(address in hrefs(desk.otto.get(page)) for page in pages)
    assert not any(address in hrefs(desk.vera.get(page)) for page in pages)
    seen = hidden_in(opened)
    assert desk.vera.post(address, {**seen, "reason": "x", "span": "day"}).status_code == 403
    for wrong in ({"span": "until", "until": "2020-01-01T00:00"}, {"span": "day", "reason": " "}):
        refused = desk.otto.post(address, {**seen, "reason": "x", **wrong})
        assert (refused.status_code, hidden_in(refused)) == (200, seen)
        assert "Change until when" in text_of(refused)
    done = desk.otto.post(address, {**seen, "reason": "takes longer", "span": "day"}, follow=True)
    assert "It stays paused as you said" in text_of(done)
    row.refresh_from_db()
    assert row.paused_reason == "takes longer"
    assert timedelta(hours=23.9) < row.paused_until - datetime.now(UTC) < timedelta(hours=24.1)
    # Who opened the form before that, and who opens it before it is resumed, are told.
    late = text_of(desk.ada.post(address, {**seen, "reason": "mine", "span": "ever"}, follow=True))
    assert "is paused otherwise than you saw it: by otto" in late
    seen = hidden_in(desk.ada.get(address))
    desk.otto.post(address.replace("/pause/", "/resume/"), {"reason": "done"})
    late = text_of(desk.ada.post(address, {**seen, "reason": "mine", "span": "ever"}, follow=True))
    assert "is not paused any more: otto resumed it at" in late
    row.refresh_from_db()
    assert row.paused_at is None
    kind = type(row)._meta.model_name
    sentence = f"otto changed the pause of the {kind} "
    assert sentence in text_of(desk.ada.get(f"/audit/?verb={kind}.pause_changed"))


@pytest.mark.parametrize("kind", ["actions/test-noop", "queues/default", "tags/crm", "schedules/{}"])
def test_the_api_tells_the_pause_that_stands_and_changes_it(api: Api, caller, kind):
    sync()
    path = kind.format(make("test-noop", Wanted(name="nightly", cron="0 3 * * *"), actor=ALICE))
    first, later = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 2))
    refused = api.post(f"{path}/change-pause", {"until": later.isoformat()})
    assert (refused.status, refused.code) == (409, "not_paused")
    api.post(f"{path}/pause", {"reason": "r", "until": first.isoformat()})
    # Pausing what is paused changes nothing, and says what counts.
    again = api.post(f"{path}/pause", {"reason": "other", "until": later.isoformat()}).json
    assert (again["paused"], again["changed"], datetime.fromisoformat(again["until"])) == (True, False, first)
    assert "do_live_" in again["by"]
    for wrong, code in (
        ({}, "invalid_request"),
        ({"until": 5}, "invalid_request"),
        ({"until": "tomorrow"}, "invalid_until"),
        ({"until": "2020-01-01T00:00:00Z"}, "invalid_until"),
        ({"until": "x" * 101}, "invalid_request"),
    ):
        met = api.post(f"{path}/change-pause", wrong)
        assert (met.status, met.code, met.paths()) == (422, code, ["until"]), wrong
    changed = api.post(f"{path}/change-pause", {"until": later.isoformat()}).json
    assert (changed["changed"], datetime.fromisoformat(changed["until"])) == (True, later)
    assert api.post(f"{path}/change-pause", {"until": None}).json["until"] is None
    assert api.post(f"{path}/change-pause", {"until": None}).json["changed"] is False
    assert caller("action:*:read").post(f"{path}/change-pause", {"until": None}).code == "forbidden"
    resumed = api.post(f"{path}/resume").json
    assert (resumed["paused"], resumed["changed"], resumed["by"], resumed["until"]) == (False, True, "", None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("action", "test-noop"), ("queue", "default"), ("tag", "crm"), ("schedule", "test-noop/nightly")],
)
def test_the_command_changes_a_pause(kind: str, name: str):
    sync()
    make("test-noop", Wanted(name="nightly", cron="0 3 * * *"), actor=ALICE)
    change = ("change_pause", kind, name)
    assert refusal(*change, "--for", "2h", *WHY)[1]["error"]["code"] == "not_paused"
    answer(*(("schedule", "pause") if kind == "schedule" else ("pause", kind)), name, "--for", "1h", *WHY)
    for words in ((), ("--until-resumed", "--for", "1h")):
        with pytest.raises(CommandError):
            said(*change, *words, *WHY)
    told = answer(*change, "--for", "2h", "--dry-run", *WHY)
    assert (told["changed"], told["dry_run"]) == (True, True)
    assert "until" in said(*change, "--for", "2h", *WHY)
    (until,) = {row[0] for row in rows(f"SELECT paused_until FROM actions_{kind} WHERE paused_at IS NOT NULL")}
    assert timedelta(minutes=119) < until - datetime.now(UTC) < timedelta(minutes=121)
    assert answer(*change, "--until-resumed", *WHY)["changed"] is True
    assert answer(*change, "--until-resumed", *WHY)["changed"] is False
    assert rows("SELECT count(*) FROM actions_auditentry WHERE verb = %s", f"{kind}.pause_changed") == [(2,)]


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
    told = api.post(f"{path}/pause", {"reason": "r", "until": until}).json
    assert (told["name"], told["paused"], told["changed"], told["until"]) == (TAG, True, True, until)
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
