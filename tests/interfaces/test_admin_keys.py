"""API keys in the admin: made, shown once, rotated, revoked, and nothing of their texts afterwards (S-01, D03, D10)."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from actions.engine.keys.authenticate import seen
from actions.errors import Unauthenticated
from tests.interfaces.desk import MOST_QUERIES, WHY, client, count_queries, desk, hidden_in, text_of
from tests.keyring import denied, dump, enter, new_key, person
from tests.stage import engine, rows, value

__all__ = ["desk", "engine"]

KEYS = "/admin/actions/apikey/"
ACCOUNTS = "/admin/actions/serviceaccount/"
TEXT = re.compile(r"do_live_[0-9a-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
SAID = {
    "owner": "service:billing", "label": "nightly", "scopes": "action:order*:trigger\naction:order*:read", "days": "30", "rate": "5",
    "reason": WHY,
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_read():
    seen.clear()


@pytest.fixture
def account(desk: Any) -> None:
    """The account `billing`, made in the admin."""
    answer = desk.ada.post(f"{ACCOUNTS}create/", {"name": "billing", "description": "invoices", "reason": WHY})
    assert answer.status_code == 302


def make(browser: Client, **said: str) -> Any:
    """Open the form and send it."""
    opened = browser.get(f"{KEYS}create/")
    assert opened.status_code == 200
    return browser.post(f"{KEYS}create/", {**hidden_in(opened), **SAID, **said})


def text_in(answer: Any) -> str:
    found = set(TEXT.findall(answer.content.decode()))
    assert len(found) == 1
    return str(found.pop())


def test_a_key_is_made_and_shown_once(desk, account):
    made = make(desk.ada)
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    text = text_in(made)
    key = enter(text)
    assert (key.actor.principal, key.scopes, key.rate) == (
        "api_key:service:billing",
        ("action:order*:trigger", "action:order*:read"),
        5.0,
    )
    assert rows("SELECT actor_label, reason FROM actions_auditentry WHERE verb = 'api_key.created'") == [("ada", WHY)]
    secret = text.split("_")[3]
    for address in (
        KEYS,
        f"{KEYS}{key.id}/change/",
        f"{KEYS}{key.id}/rotate/",
        f"{KEYS}{key.id}/revoke/",
        "/admin/",
        "/admin/actions/auditentry/",
        f"{KEYS}create/",
    ):
        answer = desk.ada.get(address)
        assert answer.status_code == 200, address
        assert secret not in answer.content.decode(), address
        assert "no-store" in answer["Cache-Control"]
    assert secret not in dump()
    assert [str(entry) for entry in LogEntry.objects.all() if secret in str(entry)] == []


def test_the_form_sent_twice_makes_one_key_and_says_so(desk, account):
    """D03"""
    opened = desk.ada.get(f"{KEYS}create/")
    first = desk.ada.post(f"{KEYS}create/", {**hidden_in(opened), **SAID})
    again = desk.ada.post(f"{KEYS}create/", {**hidden_in(opened), **SAID})
    assert text_in(first)
    assert "was sent before" in text_of(again)
    assert not TEXT.search(again.content.decode())
    assert value("SELECT count(*) FROM actions_apikey") == 1


def test_the_list_and_the_page_say_what_there_is(desk, account):
    key = enter(text_in(make(desk.ada)))
    listed = text_of(desk.ada.get(KEYS))
    for word in (f"do_live_{key.id}", "billing", "nightly", "active", "action:order*:trigger", "192.0.2.7"):
        assert word in listed
    page = text_of(desk.ada.get(f"{KEYS}{key.id}/change/"))
    for word in ("by ada", "at most 5", "from 192.0.2.7", "What was done with it"):
        assert word in page
    assert "1" in text_of(desk.ada.get(ACCOUNTS))


def test_rotating_shows_the_second_key_once(desk, account):
    old = text_in(make(desk.ada))
    address = f"{KEYS}{enter(old).id}/rotate/"
    opened = desk.ada.get(address)
    said = {**hidden_in(opened), "overlap": "7", "days": "90", "reason": WHY}
    made = desk.ada.post(address, said)
    new = text_in(made)
    assert "no-store" in made["Cache-Control"]
    assert enter(new).actor.principal == enter(old).actor.principal
    assert "was sent before" in text_of(desk.ada.post(address, said))
    third = desk.ada.post(address, {**hidden_in(desk.ada.get(address)), "overlap": "7", "days": "90", "reason": WHY})
    assert "two active API keys" in text_of(third)


def test_revoking_asks_why_and_ends_it(desk, account):
    text = text_in(make(desk.ada))
    key = enter(text)
    address = f"{KEYS}{key.id}/revoke/"
    silent = desk.ada.post(address, {"reason": " "})
    assert "Say why" in text_of(silent)
    enter(text)
    answer = desk.ada.post(address, {"reason": "leaked"}, follow=True)
    assert "is revoked" in text_of(answer)
    assert "Revoked by ada" in text_of(answer)
    with pytest.raises(Unauthenticated):
        enter(text)
    assert "was revoked before, by ada" in text_of(desk.ada.post(address, {"reason": "again"}, follow=True))
    assert rows("SELECT actor_label, reason FROM actions_auditentry WHERE verb = 'api_key.revoked'") == [
        ("ada", "leaked")
    ]


def test_an_account_is_disabled_and_enabled(desk, account):
    text = text_in(make(desk.ada))
    enter(text)
    assert "disabled" in text_of(desk.ada.post(f"{ACCOUNTS}billing/disable/", {"reason": WHY}, follow=True))
    with pytest.raises(Unauthenticated):
        enter(text)
    assert "account disabled" in text_of(desk.ada.get(KEYS))
    assert "was disabled before" in text_of(desk.ada.post(f"{ACCOUNTS}billing/disable/", {"reason": WHY}, follow=True))
    assert "enabled" in text_of(desk.ada.post(f"{ACCOUNTS}billing/enable/", {"reason": WHY}, follow=True))
    enter(text)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"scopes": "action:*:delete"}, "There is no verb"), ({"scopes": "everything"}, "is no scope"), ({"scopes": " "}, "could do nothing"),
        ({"days": "0"}, "greater than or equal to 1"), ({"days": "99999"}, "less than or equal to"), ({"days": "x"}, "whole number"),
        ({"rate": "nan"}, "Enter a number"), ({"rate": "0"}, "greater than or equal"), ({"reason": ""}, "Say why"),
        ({"owner": "service:nobody"}, "not one of the available choices"), ({"label": "x" * 101}, "at most 100"),
        ({"label": "\x00"}, "Null characters"), ({"reason": "x" * 2_001}, "at most 2000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(desk, account, wrong, sentence):
    answer = make(desk.ada, **wrong)
    assert answer.status_code == 200
    assert sentence in text_of(answer)
    assert not TEXT.search(answer.content.decode())
    assert value("SELECT count(*) FROM actions_apikey") == 0
    if "label" not in wrong:
        assert 'value="nightly"' in answer.content.decode()


def test_a_third_key_of_a_label_is_refused_with_words(desk, account):
    make(desk.ada)
    make(desk.ada)
    assert "two active API keys" in text_of(make(desk.ada))


def test_a_person_makes_a_key_of_their_own(desk, account):
    key = enter(text_in(make(desk.ada, owner="myself", scopes="action:*:trigger")))
    assert key.actor.label == f"ada · do_live_{key.id}"
    assert key.allows("trigger", "x")


def test_nobody_grants_what_they_may_not(desk, account):
    person("kim", "manage_keys", "trigger")
    rows("UPDATE auth_user SET is_staff = true WHERE username = 'kim'")
    from django.contrib.auth.models import User

    browser = Client()
    browser.force_login(User.objects.get(username="kim"))
    answer = make(browser, scopes="action:*:force_stop")
    assert answer.status_code == 403
    assert "actions.force_stop" in text_of(answer)
    assert denied()[-1][2:] == ("kim", "force_stop")
    assert text_in(make(browser, scopes="action:*:trigger"))


ADDRESSES = [
    KEYS, f"{KEYS}create/", f"{KEYS}{{key}}/change/", f"{KEYS}{{key}}/rotate/", f"{KEYS}{{key}}/revoke/", ACCOUNTS, f"{ACCOUNTS}create/",
    f"{ACCOUNTS}billing/disable/", f"{ACCOUNTS}billing/enable/",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_those_who_manage_keys_see_or_do_anything(desk, address):
    """I-21, D01"""
    address = address.format(key=new_key().id)
    before = rows("SELECT to_jsonb(t)::text FROM actions_apikey AS t")
    for browser, name in ((desk.vera, "vera"), (desk.otto, "otto"), (desk.nora, "nora")):
        assert browser.get(address).status_code == 403
        assert browser.post(address, SAID).status_code == 403
        if address not in {KEYS, ACCOUNTS, f"{KEYS}{{key}}/change/"} and "change" not in address:
            assert denied()[-1][2:] == (name, "manage_keys")
    assert rows("SELECT to_jsonb(t)::text FROM actions_apikey AS t") == before
    assert Client().get(address)["Location"].startswith("/admin/login/")
    assert "API key" not in text_of(desk.otto.get("/admin/"))
    assert "API keys" in text_of(desk.ada.get("/admin/"))


def test_nothing_is_added_changed_or_deleted_by_hand(desk):
    """D10"""
    key = new_key().id
    before = rows("SELECT to_jsonb(t)::text FROM actions_apikey AS t")
    for page in (f"{KEYS}{key}", f"{ACCOUNTS}billing"):
        for rest in ("change/", "delete/"):
            assert desk.ada.post(f"{page}/{rest}", {"post": "yes", "label": "x"}).status_code == 403
    for page in (KEYS, ACCOUNTS):
        assert desk.ada.post(f"{page}add/", {"label": "x"}).status_code == 403
        assert "delete_selected" not in desk.ada.get(page).content.decode()
    assert rows("SELECT to_jsonb(t)::text FROM actions_apikey AS t") == before


@pytest.mark.parametrize("key", ["zzzzzzzz", "x", "%00", "..%2F", "é", "'; --", "a" * 500])
def test_a_key_that_is_none_is_not_found(desk, key):
    for verb in ("change", "rotate", "revoke"):
        assert desk.ada.get(f"{KEYS}{key}/{verb}/").status_code in {302, 404}


def test_pages_have_no_inline_script_or_style_and_few_queries(desk):
    key = new_key(label="<script>alert(1)</script>").id
    for address in (
        KEYS,
        f"{KEYS}?state=active",
        f"{KEYS}create/",
        f"{KEYS}{key}/change/",
        f"{KEYS}{key}/rotate/",
        ACCOUNTS,
        f"{ACCOUNTS}create/",
    ):
        body = desk.ada.get(address).content.decode()
        assert "<style" not in body and " style=" not in body and "<script>alert" not in body, address
        assert all("src=" in tag for tag in body.split("<script")[1:]), address
        assert count_queries(desk.ada, address) <= MOST_QUERIES
    assert "do_live_" not in text_of(desk.ada.get(f"{KEYS}?state=revoked"))


def test_a_deleted_user_is_still_named(desk):
    """D11"""
    client("gone")
    rows("DELETE FROM auth_user_groups; DELETE FROM auth_user_user_permissions")
    key = new_key(user="gone").id
    rows("DELETE FROM auth_user WHERE username = 'gone'")
    from django.contrib.auth.models import Group, User

    User.objects.get(username="ada").groups.add(Group.objects.get(name="Administrator"))
    page = text_of(desk.ada.get(f"{KEYS}{key}/change/"))
    assert "gone" in page
    assert "user inactive" in page
