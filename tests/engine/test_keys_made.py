"""API keys: made, rotated, by whom and for whom; what is kept of them, and that their texts are nowhere (S-01, I-20, I-22)."""

import traceback
from typing import Any

import pytest
from structlog.testing import capture_logs

from actions.engine.access import actor_of
from actions.engine.keys.accounts import create_account, disable_account
from actions.engine.keys.authenticate import seen
from actions.engine.keys.create import create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.engine.operate.trigger import trigger
from actions.errors import (
    AccountDisabled,
    AccountNotFound,
    DoplatformError,
    Forbidden,
    InvalidInput,
    KeyEnded,
    KeyMade,
    KeyNotFound,
    ReasonRequired,
    TooManyKeys,
    Unauthenticated,
)
from actions.queries import keys as listed_keys
from actions.values import keytext
from tests.app import actions as app  # noqa: F401  (declares test-noop)
from tests.keyring import WHY, actor_of_key, denied, dump, enter, entries, keyed, new_key, person
from tests.stage import ALICE, all_at_once, rows, value

pytestmark = pytest.mark.usefixtures("engine")
ALL = ("view_execution", "trigger", "retry", "cancel", "force_stop", "pause", "view_audit", "manage_keys")


@pytest.fixture(autouse=True)
def nothing_read():
    seen.clear()


def audit(verb: str) -> list[dict[str, Any]]:
    """The details of the entries of a verb."""
    import json

    return [
        json.loads(row[0])
        for row in rows("SELECT data::text FROM actions_auditentry WHERE verb = %s ORDER BY id", verb)
    ]


def test_what_was_made_is_in_the_audit_without_its_text():
    made = new_key("action:order*:trigger", "audit:read", label="nightly", days=30)
    (told,) = audit("api_key.created")
    assert told == {
        "key": made.id, "owner": "service:billing", "label": "nightly", "scopes": ["action:order*:trigger", "audit:read"],
        "expires_at": made.expires_at.isoformat(),
    }  # fmt: skip
    assert rows("SELECT actor_label, reason FROM actions_auditentry WHERE verb = 'api_key.created'") == [("Alice", WHY)]


# Rotation


def test_two_are_active_at_most_for_each_owner_and_label():
    """S-01"""
    first = new_key(label="nightly")
    new_key(label="nightly")
    with pytest.raises(TooManyKeys):
        new_key(label="nightly")
    new_key(label="other")
    new_key(label="nightly", account="shipping")
    revoke(first.id, actor=ALICE, reason=WHY)
    new_key(label="nightly")
    assert value("SELECT count(*) FROM actions_apikey WHERE label = 'nightly' AND account_id = 'billing'") == 3


def test_those_that_expired_take_no_room():
    new_key()
    new_key()
    rows("UPDATE actions_apikey SET expires_at = now() WHERE id = (SELECT min(id) FROM actions_apikey)")
    new_key()


def test_of_many_that_are_made_at_once_two_are():
    create_account("billing", actor=ALICE, reason=WHY)
    found = all_at_once([new_key] * 8)
    assert sorted(type(one).__name__ for one in found) == ["NewKey"] * 2 + ["TooManyKeys"] * 6


def test_a_rotation_keeps_the_scope_of_idempotency_keys():
    """RELIABILITY.md section 3.3: rotating a key in the middle of a retry keeps the match"""
    old = new_key("action:test-noop:trigger")
    first = trigger("test-noop", {"n": 1}, actor=enter(old.text).actor, idempotency_key="order-1")
    new = rotate(old.id, actor=ALICE, reason="quarterly")
    second = trigger("test-noop", {"n": 1}, actor=enter(new.text).actor, idempotency_key="order-1")
    assert (second.id, second.replayed) == (first.id, True)
    revoke(old.id, actor=ALICE, reason=WHY)
    assert trigger("test-noop", {"n": 1}, actor=enter(new.text).actor, idempotency_key="order-1").id == first.id
    other = trigger(
        "test-noop", {"n": 1}, actor=keyed("action:*:trigger", account="shipping"), idempotency_key="order-1"
    )
    assert other.id != first.id


def test_a_rotated_key_may_do_the_same_and_the_first_one_ends_after_the_overlap():
    old = new_key("action:a:read", label="nightly", rate=3.0)
    new = rotate(old.id, overlap=7, days=30, actor=ALICE, reason="quarterly")
    assert (new.scopes, new.label, enter(new.text).rate) == (old.scopes, "nightly", 3.0)
    assert enter(old.text).id == old.id
    days = "SELECT round(extract(epoch FROM expires_at - now()) / 86400)::int FROM actions_apikey WHERE id = %s"
    assert (value(days, old.id), value(days, new.id)) == (7, 30)
    assert value("SELECT replaces FROM actions_apikey WHERE id = %s", new.id) == old.id
    (told,) = audit("api_key.rotated")
    assert (told["key"], told["replaces"]) == (new.id, old.id)


def test_a_rotation_never_lengthens_the_life_of_the_old_key():
    old = new_key(days=1)
    rotate(old.id, overlap=30, actor=ALICE, reason=WHY)
    assert value("SELECT expires_at FROM actions_apikey WHERE id = %s", old.id) == old.expires_at


def test_a_third_key_by_rotation_is_refused():
    old = new_key()
    rotate(old.id, actor=ALICE, reason=WHY)
    before = entries()
    with pytest.raises(TooManyKeys):
        rotate(old.id, actor=ALICE, reason=WHY)
    assert entries() == before


def test_what_has_ended_is_not_rotated():
    revoked, expired = new_key(label="a"), new_key(label="b")
    revoke(revoked.id, actor=ALICE, reason=WHY)
    rows("UPDATE actions_apikey SET expires_at = now() WHERE id = %s", expired.id)
    for one in (revoked, expired):
        with pytest.raises(KeyEnded):
            rotate(one.id, actor=ALICE, reason=WHY)
    new_key(label="c", account="shipping")
    disable_account("shipping", actor=ALICE, reason=WHY)
    with pytest.raises(AccountDisabled):
        rotate(value("SELECT id FROM actions_apikey WHERE account_id = 'shipping'"), actor=ALICE, reason=WHY)


def test_a_form_that_is_sent_twice_makes_one_key():
    made = new_key(once="form-1")
    with pytest.raises(KeyMade):
        new_key(once="form-1")
    again = rotate(made.id, once="form-2", actor=ALICE, reason=WHY)
    revoke(made.id, actor=ALICE, reason=WHY)
    with pytest.raises(KeyMade):
        rotate(again.id, once="form-2", actor=ALICE, reason=WHY)
    assert value("SELECT count(*) FROM actions_apikey") == 2


# For whom, and by whom


def test_a_key_of_a_user_may_do_what_both_allow():
    person("olga", "trigger", "view_execution")
    key = enter(new_key("action:test*:trigger", "action:test*:retry", user="olga").text)
    assert key.actor.id == f"user:{value('SELECT id FROM auth_user')}"
    assert [key.allows("trigger", "test-noop"), key.allows("retry", "test-noop"), key.allows("trigger", "x")] == [
        True,
        False,
        False,
    ]
    assert (key.patterns("trigger"), key.patterns("retry"), key.sees_payload) == (("test*",), (), False)


def test_a_person_makes_keys_for_accounts_with_no_more_than_they_may_themselves():
    create_account("billing", actor=ALICE, reason=WHY)
    ada = actor_of(person("ada", "manage_keys", "trigger"))
    create(account="billing", scopes=["action:*:trigger"], actor=ada, reason=WHY)
    for scope, permission in (
        ("action:*:force_stop", "force_stop"),
        ("audit:export", "export_audit"),
        ("audit:read", "view_audit"),
        ("action:a:read", "view_execution"),
    ):
        with pytest.raises(Forbidden, match=f"actions.{permission}"):
            create(account="billing", scopes=["action:*:trigger", scope], actor=ada, reason=WHY)
        assert denied()[-1] == ("user", ada.id, "ada", permission)
    strong = new_key("action:*:force_stop", label="strong")
    with pytest.raises(Forbidden, match="force_stop"):
        rotate(strong.id, actor=ada, reason=WHY)
    assert value("SELECT count(*) FROM actions_apikey") == 2


def test_a_person_makes_a_key_of_their_own_and_of_nobody_else():
    ada, olga = (actor_of(person(name, *ALL)) for name in ("ada", "olga"))
    own = create(user="ada", scopes=["action:*:trigger"], actor=ada, reason=WHY)
    with pytest.raises(Forbidden, match="acts as olga"):
        create(user="olga", scopes=["action:*:trigger"], actor=ada, reason=WHY)
    with pytest.raises(Forbidden, match="acts as ada"):
        rotate(own.id, actor=olga, reason=WHY)
    assert [row[2] for row in denied()] == ["ada", "olga"]
    assert revoke(own.id, actor=olga, reason="left the company")


def test_no_key_makes_or_ends_keys():
    actor = keyed(*(f"action:*:{verb}" for verb in ("read", "trigger", "pause")), "audit:read", "audit:export")
    victim = new_key(label="victim")
    for act in (
        lambda: create(account="billing", scopes=["audit:read"], actor=actor),
        lambda: rotate(victim.id, actor=actor),
        lambda: revoke(victim.id, actor=actor),
        lambda: create_account("more", actor=actor),
        lambda: disable_account("billing", actor=actor),
    ):
        with pytest.raises(Forbidden, match="no API key may manage keys"):
            act()
    assert [row[3] for row in denied()] == ["manage_keys"] * 5
    enter(victim.text)


@pytest.mark.parametrize(
    ("owner", "error"),
    [
        ({"account": "nobody"}, AccountNotFound), ({"user": "nobody"}, AccountNotFound), ({"user": "ian"}, AccountNotFound),
        ({"account": "\x00"}, AccountNotFound), ({"user": "\ud800"}, AccountNotFound), ({}, AccountNotFound),
        ({"account": "billing", "user": "ian"}, AccountNotFound), ({"account": "off"}, AccountDisabled),
    ],
)  # fmt: skip
def test_an_owner_that_is_none_is_refused(owner: dict[str, str], error: type[DoplatformError]):
    person("ian", active=False)
    for name in ("billing", "off"):
        create_account(name, actor=ALICE, reason=WHY)
    disable_account("off", actor=ALICE, reason=WHY)
    with pytest.raises(error):
        create(scopes=["audit:read"], actor=ALICE, reason=WHY, **owner)
    assert value("SELECT count(*) FROM actions_apikey") == 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"days": 0}, "invalid_days"), ({"days": -1}, "invalid_days"), ({"days": 10**9}, "invalid_days"), ({"rate": 0}, "invalid_rate"),
        ({"rate": float("nan")}, "invalid_rate"), ({"rate": float("inf")}, "invalid_rate"), ({"label": " "}, "invalid_label"),
        ({"label": "x" * 101}, "invalid_label"), ({"scopes": []}, "invalid_scope"), ({"scopes": ["action:*:*"]}, "invalid_scope"),
    ],
)  # fmt: skip
def test_nonsense_makes_no_key(wrong: dict[str, Any], code: str):
    with pytest.raises(InvalidInput) as caught:
        new_key(**wrong)
    assert caught.value.code == code
    assert value("SELECT count(*) FROM actions_apikey") == 0


@pytest.mark.parametrize("name", ["", "Billing", "1st", "a" * 101, "a b", "a\x00", "é", "a/b", "a:b"])
def test_an_account_has_a_plain_name(name: str):
    with pytest.raises(InvalidInput) as caught:
        create_account(name, actor=ALICE, reason=WHY)
    assert caught.value.code == "invalid_account_name"


def test_an_account_is_made_once():
    create_account("billing", actor=ALICE, reason=WHY)
    with pytest.raises(InvalidInput, match="already"):
        create_account("billing", actor=ALICE, reason=WHY)


def test_a_person_must_say_why():
    made, ada = new_key("action:*:trigger"), actor_of(person("ada", *ALL))
    for reason in ("", "  ", "x" * 2_001):
        for act in (
            lambda reason: create(account="billing", scopes=["action:*:trigger"], actor=ada, reason=reason),
            lambda reason: rotate(made.id, actor=ada, reason=reason),
            lambda reason: revoke(made.id, actor=ada, reason=reason),
            lambda reason: create_account("more", actor=ada, reason=reason),
            lambda reason: disable_account("billing", actor=ada, reason=reason),
        ):
            with pytest.raises(ReasonRequired):
                act(reason)
    enter(made.text)


@pytest.mark.parametrize("name", ["", "x", "do_live_", "do_live_zzzzzzzz", "\x00", "\ud800", "'; --", "x" * 10_000])
def test_a_key_that_is_none_is_not_found(name: str):
    new_key()
    for act in (revoke, rotate):
        with pytest.raises(KeyNotFound):
            act(name, actor=ALICE, reason=WHY)


# Canaries


def test_the_text_of_a_key_is_nowhere():
    """I-20, I-22, G21: in no table, log, repr, error or list, whatever is done with it and however it is sent"""
    texts, outputs = [], []

    def told(act: Any) -> None:
        try:
            outputs.append(repr(act()))
        except DoplatformError as error:
            outputs.append("".join(traceback.format_exception(error)))

    with capture_logs() as logged:
        made = new_key("action:*:trigger")
        texts += [made.text, rotate(made.id, actor=ALICE, reason=f"old is {made.text}").text]
        key = enter(made.text)
        trigger("test-noop", {}, actor=key.actor, reason=f"sent with {made.text}")
        outputs += [repr(made), repr(key), str(listed_keys.listed()), repr(actor_of_key(made))]
        revoke(made.id, actor=ALICE, reason=f"{made.text} leaked")
        seen.clear()
        for act in (
            lambda: enter(made.text), lambda: enter(made.text + "x"), lambda: revoke(made.text, actor=ALICE, reason=WHY),
            lambda: rotate(made.text, actor=ALICE, reason=WHY), lambda: create_account(made.text, actor=ALICE, reason=WHY),
            lambda: new_key(label=f"for {made.text}"), lambda: new_key(account="x", label=made.text),
            lambda: disable_account(made.id, actor=keyed(label="n"), reason=made.text),
            lambda: trigger(made.text, {}, actor=keyed(label="o")),
            lambda: trigger(made.text, {}, actor=keyed("action:*:trigger", label="p")), lambda: trigger(made.text, {}, actor=ALICE),
        ):  # fmt: skip
            told(act)
        create_account("other", description=made.text, actor=ALICE, reason=WHY)
    everything = dump() + str(logged) + "".join(outputs)
    for text in texts:
        secret = text.split("_")[3]
        assert secret not in everything
        assert secret[:12] not in everything
    digest = value("SELECT encode(digest, 'hex') FROM actions_apikey WHERE id = %s", made.id)
    assert digest not in str(rows("SELECT to_jsonb(t)::text FROM actions_auditentry AS t")) + str(logged) + "".join(
        outputs
    )


def test_a_traceback_does_not_quote_the_text(monkeypatch: Any):
    made = new_key()
    with pytest.raises(Unauthenticated) as caught:
        enter(keytext.make(made.id).text)
    assert "do_live_" not in str(caught.value).replace("do_live_…", "")
