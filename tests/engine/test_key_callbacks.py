"""Callbacks of API keys: what is asked with the key is told there, unless the request names somebody else."""

import json
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from actions.definitions.callback import Callback
from actions.engine.access import actor_of
from actions.engine.callbacks.hand_over import hand_over
from actions.engine.callbacks.keep import restored
from actions.engine.keys.authenticate import seen
from actions.engine.keys.callback import set_callback
from actions.engine.keys.key import look
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.engine.operate.trigger import trigger
from actions.errors import Forbidden, InvalidInput, KeyEnded, KeyNotFound, ReasonRequired
from tests.app import actions as app  # noqa: F401  (declares test-noop)
from tests.keyring import WHY, actor_of_key, denied, dump, new_key, person
from tests.provider import provider
from tests.stage import ALICE, rows, value

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HERE = Callback("https://receiver.example/ends?token=canary-token", SECRET)

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def nothing_read() -> None:
    seen.clear()


def entries() -> list[tuple[str, dict[str, Any]]]:
    """The reasons and details of what the audit has of changes."""
    found = rows(
        "SELECT reason, data::text FROM actions_auditentry WHERE verb = 'api_key.callback_changed' ORDER BY id"
    )
    return [(reason, json.loads(data)) for reason, data in found]


def test_the_end_of_what_is_asked_with_the_key_is_told_signed_with_its_secret(crew: Any, settings: Any):
    with provider() as one:
        settings.DOPLATFORM = {
            **settings.DOPLATFORM, "OUTSIDE_ALLOWED_HOSTS": [one.place], "OUTSIDE_ALLOW_HTTP": True,
        }  # fmt: skip
        made = new_key("action:test-noop:trigger", callback=Callback(one.url, SECRET))
        accepted = trigger("test-noop", {"n": 1}, actor=actor_of_key(made))
        crew().work()
        hand_over()
        crew().work()
    (request,) = one.ledger
    assert request.json()["data"]["id"] == accepted.id
    Webhook(SECRET).verify(request.body, request.headers)


def test_what_the_request_says_goes_before_the_key():
    actor = actor_of_key(new_key("action:test-noop:trigger", callback=HERE))
    trigger("test-noop", {"n": 1}, actor=actor, callback=Callback("https://other.example/"))
    assert rows("SELECT url, secret FROM actions_callback") == [("https://other.example/", None)]


def test_who_asks_without_the_key_tells_nobody():
    new_key("action:test-noop:trigger", callback=HERE)
    trigger("test-noop", {"n": 1}, actor=ALICE, reason=WHY)
    assert value("SELECT count(*) FROM actions_callback") == 0


def test_it_is_set_changed_and_removed_and_the_audit_has_no_token():
    made = new_key("action:test-noop:trigger")
    actor = actor_of_key(made)
    assert set_callback(made.id, None, actor=ALICE, reason=WHY) is False
    assert entries() == []
    assert set_callback(made.id, HERE, actor=ALICE, reason=WHY) is True
    assert set_callback(made.id, Callback("https://other.example:8443/x"), actor=ALICE, reason=WHY) is True
    trigger("test-noop", {"n": 1}, actor=actor)
    assert rows("SELECT url, secret FROM actions_callback") == [("https://other.example:8443/x", None)]
    assert set_callback(made.id, None, actor=ALICE, reason="no more") is True
    trigger("test-noop", {"n": 2}, actor=actor)
    assert value("SELECT count(*) FROM actions_callback") == 1
    same = {"key": made.id, "owner": "service:billing", "label": "default"}
    assert entries() == [
        (WHY, {**same, "before": None, "callback": "https://receiver.example"}),
        (WHY, {**same, "before": "https://receiver.example", "callback": "https://other.example:8443"}),
        ("no more", {**same, "before": "https://other.example:8443", "callback": None}),
    ]


def test_the_secret_is_stored_encrypted_and_shown_nowhere():
    made = new_key("action:test-noop:trigger", callback=HERE)
    standing = look(made.id)
    assert standing is not None
    assert standing.key.callback is not None
    assert restored(standing.key.callback) == HERE
    everything = dump() + repr(standing) + repr(made)
    assert SECRET not in everything
    assert "canary-token" not in str(rows("SELECT data::text FROM actions_auditentry")) + repr(standing) + repr(made)


def test_a_rotated_key_tells_the_same():
    made = new_key("action:test-noop:trigger", callback=HERE)
    second = rotate(made.id, actor=ALICE, reason=WHY)
    standing = look(second.id)
    assert standing is not None
    assert standing.key.callback is not None
    assert restored(standing.key.callback) == HERE
    set_callback(second.id, Callback("https://other.example/", OTHER), actor=ALICE, reason=WHY)
    first = look(made.id)
    assert first is not None
    assert first.key.callback is not None
    assert first.key.callback.url == HERE.url


@pytest.mark.parametrize(
    ("callback", "code", "path"),
    [
        (Callback("http://receiver.example/"), "url_not_allowed", "callback.url"),
        (Callback("https://127.0.0.1/"), "url_not_allowed", "callback.url"),
        (Callback("https://[::ffff:169.254.169.254]/"), "url_not_allowed", "callback.url"),
        (Callback("https://user:pass@receiver.example/"), "url_not_allowed", "callback.url"),
        (Callback("https://receiver.example:22/"), "url_not_allowed", "callback.url"),
        (Callback("https://receiver.example/", "short"), "callback_secret_invalid", "callback.secret"),
    ],
)  # fmt: skip
def test_the_rules_for_addresses_are_asked_when_it_is_said(callback: Callback, code: str, path: str):
    """S-07, B35"""
    made = new_key()
    for act in (
        lambda: set_callback(made.id, callback, actor=ALICE, reason=WHY),
        lambda: new_key(callback=callback, label="second"),
    ):
        with pytest.raises(InvalidInput) as caught:
            act()
        assert (caught.value.code, caught.value.path) == (code, path)
    assert rows("SELECT callback_url, callback_secret FROM actions_apikey") == [("", None)]
    assert entries() == []


def test_rules_that_changed_since_do_not_refuse_what_is_asked(settings: Any):
    """Who asks cannot mend the key: the delivery is refused instead, where an operator sees it."""
    before = settings.DOPLATFORM
    settings.DOPLATFORM = {**before, "OUTSIDE_ALLOWED_HOSTS": ["10.0.0.9"]}
    made = new_key("action:test-noop:trigger", callback=Callback("https://10.0.0.9/"))
    settings.DOPLATFORM = before
    trigger("test-noop", {"n": 1}, actor=actor_of_key(made))
    assert value("SELECT url FROM actions_callback") == "https://10.0.0.9/"


def test_only_who_manages_keys_and_may_see_results_sends_them_somewhere():
    made = new_key("action:*:trigger")
    blind = actor_of(person("kim", "manage_keys", "trigger"))
    for act in (
        lambda: set_callback(made.id, HERE, actor=blind, reason=WHY),
        lambda: new_key("action:*:trigger", callback=HERE, actor=blind, label="second"),
    ):
        with pytest.raises(Forbidden, match="view_payload"):
            act()
        assert denied()[-1][2:] == ("kim", "view_payload")
    ada = actor_of(person("ada", "manage_keys", "view_payload"))
    with pytest.raises(ReasonRequired):
        set_callback(made.id, HERE, actor=ada, reason=" ")
    assert set_callback(made.id, HERE, actor=ada, reason=WHY)
    assert set_callback(made.id, None, actor=blind, reason="too much is told")


def test_an_ended_key_and_one_that_is_none():
    made = new_key()
    revoke(made.id, actor=ALICE, reason=WHY)
    with pytest.raises(KeyEnded):
        set_callback(made.id, HERE, actor=ALICE, reason=WHY)
    expired = new_key(label="other")
    rows("UPDATE actions_apikey SET expires_at = now() WHERE id = %s", expired.id)
    with pytest.raises(KeyEnded):
        set_callback(expired.id, HERE, actor=ALICE, reason=WHY)
    with pytest.raises(KeyNotFound):
        set_callback("zzzzzzzz", HERE, actor=ALICE, reason=WHY)
