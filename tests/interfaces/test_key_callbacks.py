"""Callbacks of API keys by every way in: HTTP asks with them; the command line, the admin and the console set and show them."""

import io
import json
import sys

import pytest

from actions.definitions.callback import Callback
from actions.engine.keys.authenticate import seen
from actions.engine.keys.callback import set_callback
from actions.engine.sync import sync
from tests.interfaces.api import api, caller
from tests.interfaces.command_line import WHY, answer, refusal, said
from tests.interfaces.desk import desk, hidden_in, text_of
from tests.keyring import new_key
from tests.stage import ALICE, engine, rows, value

__all__ = ["api", "caller", "desk", "engine"]

pytestmark = pytest.mark.usefixtures("engine")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://receiver.example/ends?token=canary"
SHOWN = "https://receiver.example/ends?••••"
SCOPES = ("--scope", "action:order*:trigger")


@pytest.fixture(autouse=True)
def nothing_read():
    seen.clear()


def stored():
    return rows("SELECT url, secret IS NOT NULL FROM actions_callback ORDER BY url")


def test_requests_with_the_key_are_told_there(api):
    """issue 4: per key or per request"""
    sync()
    set_callback(api.key.split("_")[2], Callback(URL, SECRET), actor=ALICE, reason="a test")
    seen.clear()
    first = api.start("test-echo", {"value": 1})
    assert first.status == 202
    assert stored() == [(URL, True)]
    own = {"params": {"value": 2}, "callback": {"url": "https://other.example/"}}
    assert api.post("actions/test-echo/executions", own).status == 202
    assert stored() == [("https://other.example/", False), (URL, True)]
    items = {"items": [{"params": {"value": 3}}, {"params": {"value": 4}}]}
    assert api.post("actions/test-echo/executions/bulk", items).status == 202
    assert stored()[1:] == [(URL, True)] * 3
    assert api.post(f"executions/{first.json['id']}/replay", {"reason": "again"}).status == 202
    assert stored()[1:] == [(URL, True)] * 4
    for shown in (first, api.get(f"executions/{first.json['id']}"), api.get("audit"), api.get("audit/export")):
        assert b"canary" not in shown.raw
        assert SECRET.encode() not in shown.raw


def test_by_the_command_line(tmp_path, monkeypatch):
    answer("service_account", "create", "billing", *WHY)
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    made = answer(
        "api_key", "create", "--account", "billing", *SCOPES, "--callback", URL, "--secret-file", str(file), *WHY
    )
    assert [key["callback"] for key in answer("api_key", "list")["keys"]] == [SHOWN]
    listed = said("api_key", "list")
    assert f"tells {SHOWN}" in listed
    assert SECRET not in listed
    assert value("SELECT callback_secret IS NOT NULL FROM actions_apikey")
    other = answer("api_key", "callback", made["id"], "--url", "https://other.example/", *WHY)
    assert other == {"callback": "https://other.example/", "changed": True}
    assert rows("SELECT callback_url, callback_secret FROM actions_apikey") == [("https://other.example/", None)]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SECRET.encode())))
    assert answer("api_key", "callback", made["id"], "--url", URL, "--secret-file", "-", *WHY)["changed"] is True
    assert answer("api_key", "callback", made["id"], "--remove", *WHY) == {"callback": None, "changed": True}
    assert answer("api_key", "callback", made["id"], "--remove", *WHY)["changed"] is False
    assert value("SELECT callback_url FROM actions_apikey") == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--url", "https://127.0.0.1/"], "url_not_allowed"), (["--url", "https://a.example/", "--secret-file", "/nowhere"], "secret_unreadable"),
        (["--url", "https://a.example/", "--secret-file", "/dev/null"], None), (["--remove", "--secret-file", "/dev/null"], "invalid_callback"),
    ],
)  # fmt: skip
def test_what_is_wrong_on_the_command_line(words, code):
    made = new_key()
    if code is None:
        assert answer("api_key", "callback", made.id, *words, *WHY)["changed"] is True
    else:
        assert refusal("api_key", "callback", made.id, *words, *WHY)[1]["error"]["code"] == code
    assert refusal("api_key", "callback", made.id, *words, "--reason", " ")[1]["error"]["code"] in {
        "reason_required",
        code,
    }


@pytest.mark.parametrize("face", ["admin", "console"])
def test_by_pages(desk, face):
    place = {"admin": "/admin/actions/apikey/{}/callback/", "console": "/keys/{}/callback/"}[face]
    page = {"admin": "/admin/actions/apikey/{}/change/", "console": "/keys/{}/"}[face]
    key = new_key("action:*:trigger").id
    assert text_of(desk.ada.get(place.format(key)))
    assert "none" in text_of(desk.ada.get(page.format(key)))
    answered = desk.ada.post(
        place.format(key), {"callback_url": URL, "callback_secret": SECRET, "reason": "a test"}, follow=True
    )
    assert "are told there" in text_of(answered)
    assert rows("SELECT callback_url, callback_secret IS NOT NULL FROM actions_apikey") == [(URL, True)]
    assert rows("SELECT actor_label, reason FROM actions_auditentry WHERE verb = 'api_key.callback_changed'") == [
        ("ada", "a test")
    ]
    for shown in (desk.ada.get(page.format(key)), desk.ada.get(place.format(key))):
        assert SHOWN in text_of(shown)
        assert SECRET not in shown.content.decode()
        assert "canary" not in shown.content.decode()
    assert "a secret of its own" in text_of(desk.ada.get(page.format(key)))
    assert "tells" in text_of(desk.ada.get("/audit/"))
    gone = desk.ada.post(
        place.format(key), {"callback_url": "", "callback_secret": "", "reason": "enough"}, follow=True
    )
    assert "tells nobody any more" in text_of(gone)
    assert rows("SELECT callback_url, callback_secret FROM actions_apikey") == [("", None)]


@pytest.mark.parametrize("face", ["admin", "console"])
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"callback_url": "https://127.0.0.1/"}, "callback_url"),
        ({"callback_secret": "short"}, "callback_secret"),
        ({"callback_url": ""}, "callback_url"),
        ({"reason": ""}, "reason"),
    ],
)
def test_faults_are_at_their_fields(desk, face, wrong, field):
    place = {"admin": "/admin/actions/apikey/{}/callback/", "console": "/keys/{}/callback/"}[face]
    key = new_key("action:*:trigger").id
    said = {"callback_url": URL, "callback_secret": SECRET, "reason": "a test", **wrong}
    answered = desk.ada.post(place.format(key), said)
    assert answered.status_code == 200
    assert answered.context["form"].errors.keys() == {field}
    assert SECRET not in answered.content.decode()
    assert value("SELECT callback_url FROM actions_apikey") == ""


@pytest.mark.parametrize("face", ["admin", "console"])
def test_a_new_key_with_a_callback(desk, face):
    place = {"admin": "/admin/actions/apikey/create/", "console": "/keys/new/"}[face]
    whose = {"owner": "myself", "label": "x", "days": "30", "rate": "5", "reason": "a test"}
    may = {"scopes": "action:*:trigger"} if face == "admin" else {"actions_0": "*", "verbs_0": ["trigger"]}
    told = {"callback_url": URL, "callback_secret": SECRET}
    wrong = desk.ada.post(
        place, {**hidden_in(desk.ada.get(place)), **whose, **may, **told, "callback_url": "http://a.example"}
    )
    assert wrong.context["form"].errors.keys() == {"callback_url"}
    made = desk.ada.post(place, {**hidden_in(desk.ada.get(place)), **whose, **may, **told})
    assert "do_live_" in text_of(made)
    assert rows("SELECT callback_url, callback_secret IS NOT NULL FROM actions_apikey") == [(URL, True)]
    created = value("SELECT data::text FROM actions_auditentry WHERE verb = 'api_key.created'")
    assert json.loads(created)["callback"] == "https://receiver.example"


def test_who_may_not_see_results_is_offered_no_callback(desk):
    from django.contrib.auth.models import Permission, User

    nora = User.objects.get(username="nora")
    nora.user_permissions.add(*Permission.objects.filter(codename__in=["manage_keys", "trigger"]))
    assert "callback_url" not in desk.nora.get("/keys/new/").content.decode()
    answered = desk.nora.post(
        f"/keys/{new_key('action:*:trigger').id}/callback/", {"callback_url": URL, "reason": "a test"}
    )
    assert answered.status_code == 403
    assert value("SELECT callback_url FROM actions_apikey") == ""
