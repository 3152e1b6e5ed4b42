"""API keys at the command line: made, printed once, listed, rotated, revoked."""

import json

import pytest
from django.core.management.base import CommandError

from actions.engine.keys.authenticate import seen
from actions.errors import Unauthenticated
from tests.interfaces.command_line import HOSTILE, WHY, answer, manage, refusal, said
from tests.keyring import enter, person
from tests.stage import engine, rows

__all__ = ["engine"]

pytestmark = pytest.mark.usefixtures("engine")
SCOPES = ("--scope", "action:order*:trigger", "--scope", "audit:read")


@pytest.fixture(autouse=True)
def billing(engine):
    seen.clear()
    answer("service_account", "create", "billing", "--description", "invoices", *WHY)


def test_the_text_is_printed_once_and_lets_in():
    lines = said("api_key", "create", "--account", "billing", *SCOPES, *WHY).splitlines()
    key = enter(lines[1])
    assert key.scopes == ("action:order*:trigger", "audit:read")
    assert "only time" in lines[0]
    assert lines[1] not in said("api_key", "list") + json.dumps(answer("api_key", "list"))
    (entry,) = rows("SELECT actor_id, reason FROM actions_auditentry WHERE verb = 'api_key.created'")
    assert entry == ("command", WHY[1])


def test_the_list_says_whose_they_are_and_how_they_stand():
    made = answer("api_key", "create", "--account", "billing", "--label", "nightly", "--rate", "3", *SCOPES, *WHY)
    person("olga", "trigger")
    answer("api_key", "create", "--user", "olga", "--days", "5", *SCOPES, *WHY)
    enter(made["key"])
    (newest, key) = answer("api_key", "list")["keys"]
    assert (newest["owner"], newest["principal"].split(":")[0]) == ("olga", "user")
    assert {name: key[name] for name in ("id", "owner", "principal", "label", "state", "rate", "last_used_ip")} == {
        "id": made["id"], "owner": "billing", "principal": "service:billing", "label": "nightly", "state": "active", "rate": 3.0,
        "last_used_ip": "192.0.2.7",
    }  # fmt: skip
    assert len(answer("api_key", "list", "--owner", "billing")["keys"]) == 1
    assert answer("api_key", "list", "--owner", "\x00")["keys"] == []
    answer("api_key", "revoke", made["id"], *WHY)
    assert [key["owner"] for key in answer("api_key", "list", "--active")["keys"]] == ["olga"]
    assert "revoked" in said("api_key", "list")


def test_a_rotation_and_a_revocation():
    old = answer("api_key", "create", "--account", "billing", *SCOPES, *WHY)
    new = answer("api_key", "rotate", f"do_live_{old['id']}", "--overlap", "3", *WHY)
    assert enter(new["key"]).actor.principal == enter(old["key"]).actor.principal
    assert answer("api_key", "revoke", old["id"], *WHY) == {"revoked": True, "changed": True}
    assert answer("api_key", "revoke", old["id"], *WHY) == {"revoked": True, "changed": False}
    with pytest.raises(Unauthenticated):
        enter(old["key"])
    enter(new["key"])


def test_an_account_is_disabled_with_its_keys():
    made = answer("api_key", "create", "--account", "billing", *SCOPES, *WHY)
    assert answer("service_account", "disable", "billing", *WHY)["changed"] is True
    with pytest.raises(Unauthenticated):
        enter(made["key"])
    assert refusal("api_key", "create", "--account", "billing", *SCOPES, *WHY)[1]["error"]["code"] == "account_disabled"
    (account,) = answer("service_account", "list")["accounts"]
    assert (account["name"], account["active_keys"], bool(account["disabled_at"])) == ("billing", 1, True)
    assert answer("service_account", "enable", "billing", *WHY)["changed"] is True
    enter(made["key"])
    assert "billing" in said("service_account", "list")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["create", "--account", "nobody", *SCOPES], "account_not_found"), (["create", "--user", "nobody", *SCOPES], "account_not_found"),
        (["create", "--account", "billing"], "invalid_scope"), (["create", "--account", "billing", "--scope", "all"], "invalid_scope"),
        (["create", "--account", "billing", "--days", "0", *SCOPES], "invalid_days"),
        (["create", "--account", "billing", "--rate", "nan", *SCOPES], "invalid_rate"),
        (["create", "--account", "billing", "--label", "", *SCOPES], "invalid_label"),
        (["rotate", "zzzzzzzz"], "api_key_not_found"), (["rotate", "zzzzzzzz", "--overlap", "91"], "invalid_days"),
        (["revoke", "zzzzzzzz"], "api_key_not_found"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_a_code(words, code):
    assert refusal("api_key", *words, *WHY)[1]["error"]["code"] == code


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused(name):
    for words in (["revoke", name], ["rotate", name]):
        assert refusal("api_key", *words, *WHY)[1]["error"]["code"] == "api_key_not_found"
    for verb in ("disable", "enable"):
        assert refusal("service_account", verb, name, *WHY)[1]["error"]["code"] == "account_not_found"
    if not name.startswith("exec_") or not name.isascii():
        assert refusal("service_account", "create", name, *WHY)[1]["error"]["code"] == "invalid_account_name"


def test_a_change_needs_its_reason():
    for words in (["create", "--account", "billing", *SCOPES], ["rotate", "zzzzzzzz"], ["revoke", "zzzzzzzz"]):
        with pytest.raises(CommandError, match="--reason"):
            said("api_key", *words)
        assert refusal("api_key", *words, "--reason", " ")[1]["error"]["code"] == "reason_required"


def test_an_owner_is_an_account_or_a_user_and_not_both():
    for owner in ([], ["--account", "billing", "--user", "olga"]):
        with pytest.raises(CommandError):
            said("api_key", "create", *owner, *SCOPES, *WHY)


def test_a_whole_key_on_the_command_line_is_not_repeated():
    made = answer("api_key", "create", "--account", "billing", *SCOPES, *WHY)
    sentence, document = refusal("api_key", "revoke", made["key"], "--reason", f"{made['key']} leaked")
    assert made["key"] not in sentence + json.dumps(document)


def test_exit_codes_and_a_process_of_its_own():
    done = manage("api_key", "create", "--account", "billing", *SCOPES, *WHY, "--json")
    assert (done.returncode, enter(json.loads(done.stdout)["key"]).id) == (0, json.loads(done.stdout)["id"])
    secret = json.loads(done.stdout)["key"].split("_")[3]
    assert secret.encode() not in done.stderr
    assert manage("api_key", "revoke", "zzzzzzzz", *WHY).returncode == 1
    assert manage("api_key", "shred", "zzzzzzzz").returncode == 2
