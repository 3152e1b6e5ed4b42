"""API keys in the console: scopes ticked and said in words, a text shown once and nowhere else, rotated and revoked once."""

import re

import pytest

from actions.desk.granting import in_words
from actions.engine.keys.authenticate import seen
from actions.engine.keys.revoke import revoke
from actions.errors import Unauthenticated
from actions.models import ApiKey, AuditEntry, ServiceAccount
from tests.interfaces.desk import MOST_QUERIES, WHY, count_queries, desk, hidden_in, text_of
from tests.keyring import denied, dump, enter, new_key
from tests.stage import ALICE, engine, rows

__all__ = ["desk", "engine"]

TEXT = re.compile(r"do_live_[0-9a-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
SAID = {
    "owner": "service:billing", "label": "nightly", "actions_0": "order*", "verbs_0": ["read", "trigger"], "days": "30",
    "rate": "5", "reason": WHY,
}  # fmt: skip
PAGES = [
    "/keys/",
    "/keys/new/",
    "/keys/{}/",
    "/keys/{}/callback/",
    "/keys/{}/rotate/",
    "/keys/{}/revoke/",
    "/keys/accounts/new/",
]
ACTS = [
    "/keys/new/",
    "/keys/{}/callback/",
    "/keys/{}/rotate/",
    "/keys/{}/revoke/",
    "/keys/accounts/new/",
    "/keys/accounts/billing/disable/",
]


@pytest.fixture(autouse=True)
def nothing_read():
    seen.clear()


@pytest.fixture
def key(desk):
    """A key of the account billing."""
    return new_key("action:*:read", "queue:*:pause")


def make(browser, **said):
    opened = browser.get("/keys/new/")
    assert opened.status_code == 200
    return browser.post("/keys/new/", {**hidden_in(opened), **SAID, **said})


def text_in(answer):
    found = set(TEXT.findall(answer.content.decode()))
    assert len(found) == 1
    return str(found.pop())


@pytest.mark.parametrize("address", PAGES)
def test_only_those_who_manage_keys_see_them(desk, key, address):
    place = address.format(key.id)
    assert desk.ada.get(place).status_code == 200
    for browser in (desk.vera, desk.otto, desk.nora):
        answer = browser.get(place)
        assert answer.status_code == 403
        assert "actions.manage_keys" in text_of(answer)


@pytest.mark.parametrize("address", ACTS)
def test_who_may_not_changes_nothing_and_is_audited(desk, key, address):
    assert desk.otto.post(address.format(key.id), {**SAID, "name": "crm", "overlap": "0"}).status_code == 403
    assert denied()[-1][2:] == ("otto", "manage_keys")
    assert ApiKey.objects.count() == 1
    assert ApiKey.objects.get().revoked_at is None
    assert ServiceAccount.objects.get().disabled_at is None


def test_what_is_ticked_becomes_scopes(desk, key):
    made = make(
        desk.ada,
        actions_1="send-welcome-email",
        verbs_1=["retry"],
        queues="default mail",
        audit=["audit:read"],
        more="action:x*:emit\n",
    )
    assert made.status_code == 200, text_of(made)
    assert enter(text_in(made)).scopes == (
        "action:order*:read", "action:order*:trigger", "action:send-welcome-email:retry", "queue:default:pause",
        "queue:mail:pause", "audit:read", "action:x*:emit",
    )  # fmt: skip
    words = text_of(desk.ada.get(f"/keys/{enter(text_in(made)).id}/"))
    for said in (
        "see and trigger actions whose names begin with order",
        "retry the action send-welcome-email",
        "pause and resume the queue default",
        "read the audit",
    ):
        assert said in words


def test_scopes_in_words():
    said = [
        f"{grant.verbs} {grant.things} {grant.name}".strip() for grant in in_words(["action:*:read", "audit:export"])
    ]
    assert said == ["see every action", "export the audit"]
    assert in_words([]) == []


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"actions_0": "", "verbs_0": []}, "actions_0", "could do nothing"),
        ({"actions_0": ""}, "actions_0", "Say on which actions"),
        ({"verbs_0": []}, "verbs_0", "Tick what the key may do"),
        ({"actions_0": "Nö"}, "actions_0", "is no scope"),
        ({"actions_3": "a*b", "verbs_3": ["read"]}, "actions_3", "is no scope"),
        ({"verbs_0": ["fly"]}, "verbs_0", "fly"),
        ({"queues": "a/b"}, "queues", "is no scope"),
        ({"more": "everything"}, "more", "is no scope"),
        ({"audit": ["audit:write"]}, "audit", "audit:write"),
        ({"days": "0"}, "days", "1"),
        ({"days": "99999"}, "days", "3660"),
        ({"rate": "nan"}, "rate", "number"),
        ({"label": ""}, "label", "required"),
        ({"reason": " "}, "reason", "Say why"),
        ({"owner": "service:nobody"}, "owner", "valid choice"),
    ],
)
def test_every_fault_is_at_its_field_and_what_was_typed_is_kept(desk, key, said, field, why):
    answer = make(desk.ada, **said)
    assert answer.status_code == 200
    assert why in " ".join(answer.context["form"].errors[field])
    body = answer.content.decode()
    assert not TEXT.search(body)
    assert "No key was made." in body
    assert ApiKey.objects.count() == 1
    if "actions_0" not in said:
        assert 'value="order*"' in body


def test_the_text_is_in_one_answer_and_nowhere_else(desk, key):
    """S-01, D03"""
    opened = desk.ada.get("/keys/new/")
    said = {**hidden_in(opened), **SAID}
    made = desk.ada.post("/keys/new/", said)
    text = text_in(made)
    assert "no-store" in made["Cache-Control"]
    assert 'data-copy-from="key-text"' in made.content.decode()
    assert enter(text).id
    again = desk.ada.post("/keys/new/", said)
    assert "was sent before" in text_of(again)
    secret = text.split("_")[3]
    digest = bytes(ApiKey.objects.get(pk=enter(text).id).digest).hex()
    pages = [desk.ada.get(place.format(enter(text).id)) for place in PAGES]
    pages += [again, *(desk.ada.get(place) for place in ("/keys/?state=all", "/audit/", "/", "/audit/?verb=api_key.*"))]
    entry = AuditEntry.objects.filter(verb="api_key.created").latest("id")
    pages.append(desk.ada.get(f"/audit/{entry.pk}/"))
    for answer in pages:
        assert secret not in answer.content.decode()
        assert digest not in answer.content.decode()
    exported = b"".join(desk.ada.get("/audit/export/?format=ndjson").streaming_content).decode()
    assert secret not in exported
    assert secret not in dump()


def test_one_makes_a_key_of_ones_own(desk):
    made = make(desk.ada, owner="myself")
    assert ApiKey.objects.get().user_id == int(enter(text_in(made)).actor.id.removeprefix("user:"))
    assert "ada made the API key do_live_" in text_of(desk.ada.get("/audit/"))


def test_nobody_is_offered_what_they_may_not_grant(desk, key):
    from django.contrib.auth.models import Permission, User

    nora = User.objects.get(username="nora")
    nora.user_permissions.add(*Permission.objects.filter(codename__in=["manage_keys", "trigger"]))
    body = desk.nora.get("/keys/new/").content.decode()
    assert 'value="trigger"' in body
    for absent in ('value="force_stop"', 'value="audit:export"', 'name="queues"'):
        assert absent not in body
    answer = make(desk.nora, verbs_0=["trigger"], more="action:*:force_stop")
    assert answer.status_code == 403
    assert ApiKey.objects.count() == 1


def test_rotating_shows_the_second_once_and_says_which_is_replaced(desk, key):
    address = f"/keys/{key.id}/rotate/"
    said = {**hidden_in(desk.ada.get(address)), "overlap": "7", "days": "90", "reason": WHY}
    made = desk.ada.post(address, said)
    second = enter(text_in(made))
    assert "was sent before" in text_of(desk.ada.post(address, said))
    assert ApiKey.objects.get(pk=second.id).replaces == key.id
    listed = desk.ada.get("/keys/")
    assert "replaced" in text_of(listed)
    assert f"/keys/{key.id}/rotate/" not in listed.content.decode()
    assert f"do_live_{second.id}" in text_of(desk.ada.get(f"/keys/{key.id}/"))


def test_revoking_asks_why_ends_it_and_tells_the_second_who_was_first(desk, key):
    """F29, D03"""
    address = f"/keys/{key.id}/revoke/"
    assert "Say why" in text_of(desk.ada.post(address, {"reason": ""}))
    enter(key.text)
    assert desk.ada.post(address, {"reason": WHY})["Location"] == f"/keys/{key.id}/"
    with pytest.raises(Unauthenticated):
        enter(key.text)
    for answer in (desk.ada.get(address), desk.ada.post(address, {"reason": "again"})):
        assert answer.status_code == 409
        assert f"was revoked before, by ada: {WHY}" in text_of(answer)
    assert "Revoked by ada" in text_of(desk.ada.get(f"/keys/{key.id}/"))
    assert AuditEntry.objects.filter(verb="api_key.revoked").count() == 1


def test_a_key_that_is_revoked_while_the_form_is_sent_is_said_so(desk, key, monkeypatch):
    from actions.dashboard.keys import made

    def too_late(*args, **kwargs):
        revoke(key.id, actor=ALICE, reason="first")
        return revoke(*args, **kwargs)

    monkeypatch.setattr(made, "revoke", too_late)
    answer = desk.ada.post(f"/keys/{key.id}/revoke/", {"reason": WHY})
    assert (answer.status_code, "by Alice: first" in text_of(answer)) == (409, True)


def test_accounts_are_made_disabled_and_enabled(desk, key):
    made = desk.ada.post("/keys/accounts/new/", {"name": "crm", "description": "<b>mails</b>", "reason": WHY})
    assert made["Location"] == "/keys/"
    twice = desk.ada.post("/keys/accounts/new/", {"name": "crm", "reason": WHY})
    assert "There is a service account called" in text_of(twice)
    assert "&lt;b&gt;mails" in desk.ada.get("/keys/").content.decode()
    assert desk.ada.post("/keys/accounts/billing/disable/", {"reason": WHY})["Location"] == "/keys/"
    with pytest.raises(Unauthenticated):
        enter(key.text)
    late = desk.ada.post("/keys/accounts/billing/disable/", {"reason": WHY})
    assert (late.status_code, "was disabled before" in text_of(late)) == (409, True)
    assert "account disabled" in text_of(desk.ada.get("/keys/?state=ended"))
    assert desk.ada.post("/keys/accounts/billing/enable/", {"reason": WHY}).status_code == 302
    assert enter(key.text)
    assert desk.ada.get("/keys/accounts/nobody/enable/").status_code == 404


def test_the_list_is_by_state_and_owner(desk, key):
    new_key("action:a:read", account="crm")
    revoke(key.id, actor=ALICE, reason=WHY)
    assert [row.key.owner for row in desk.ada.get("/keys/").context["rows"]] == ["crm"]
    assert [row.key.pk for row in desk.ada.get("/keys/?state=ended").context["rows"]] == [key.id]
    assert len(desk.ada.get("/keys/?state=all").context["rows"]) == 2
    assert desk.ada.get("/keys/?state=all&owner=crm").context["rows"][0].key.owner == "crm"
    for odd in ("state=%00", "owner=%00", "owner=%25", f"owner={'x' * 3000}"):
        assert desk.ada.get(f"/keys/?{odd}").status_code == 200
    for odd in ("zzzzzzzz", "%00", "..%2f", "x" * 300):
        assert desk.ada.get(f"/keys/{odd}/").status_code == 404


def test_a_key_that_expires_soon_says_so(desk, key):
    assert "expires soon" not in text_of(desk.ada.get("/keys/"))
    rows("UPDATE actions_apikey SET expires_at = now() + interval '3 days'")
    assert "expires soon" in text_of(desk.ada.get("/keys/"))
    assert "It expires soon." in text_of(desk.ada.get(f"/keys/{key.id}/"))


@pytest.mark.parametrize("address", PAGES)
def test_pages_make_few_queries(desk, key, address):
    for number in range(5):
        new_key("action:*:read", account=f"other-{number}")
    assert count_queries(desk.ada, address.format(key.id)) <= MOST_QUERIES


def test_read_only_hides_and_refuses(desk, key, settings):
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    assert 'href="/keys/"' not in desk.ada.get("/help/").content.decode()
    answer = desk.ada.post(f"/keys/{key.id}/revoke/", {"reason": WHY})
    assert (answer.status_code, "read-only" in text_of(answer)) == (403, True)
    assert ApiKey.objects.get().revoked_at is None
