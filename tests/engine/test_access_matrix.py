"""Every verb for every role, and for API keys with every scope: who may does, who may not is refused and audited (I-21, S-02,
S-16, B25, B26, G20). What roles may is read from docs/operations.md."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from actions import Actor
from actions.engine import access
from actions.engine.access import actor_of
from actions.engine.keys import scopes
from actions.engine.keys.accounts import disable_account
from actions.engine.keys.authenticate import seen
from actions.engine.keys.revoke import revoke
from actions.engine.operate import trigger
from actions.engine.sync import sync
from actions.errors import DoplatformError, ExecutionNotFound, Forbidden, Unauthenticated
from actions.models import Access
from tests.app import actions as app
from tests.engine.doors import DONE, DOORS, OF_ACTIONS, OF_EXECUTIONS, SEEN_ONLY
from tests.keyring import denied, entries, keyed, new_key, person
from tests.stage import rows, value

pytestmark = pytest.mark.usefixtures("engine")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    seen.clear()
    sync()


def roles() -> dict[str, frozenset[str]]:
    """What each group may, as docs/operations.md says; each may what those above it may."""
    found: dict[str, frozenset[str]] = {"nobody": frozenset()}
    may: frozenset[str] = frozenset()
    for name, cell in re.findall(
        r"^\| (Viewer|Operator|Administrator) \| (.+) \|$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE
    ):
        may |= frozenset(re.findall(r"`(\w+)`", cell))
        found[name] = may
    assert len(found) == 4
    return found


def member(role: str) -> Actor:
    """Somebody in the group of that name, as the migrations made it."""
    user = person("olga")
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    return actor_of(user)


def state() -> Any:
    """Everything that a verb could change."""
    tables = ("actions_execution", "actions_attempt", "actions_action", "actions_queue", "actions_externalevent", "actions_apikey", "actions_serviceaccount", "actions_worker", "actions_schedule")  # fmt: skip
    return [sorted(rows("SELECT to_jsonb(t)::text FROM " + table + " AS t")) for table in tables]


def refused(door: str, actor: Actor, error: type[DoplatformError], subject: str = "") -> str:
    """The act is refused with one audit entry and nothing changed; returns the sentence."""
    subject = subject or DOORS[door][1]()
    before, length = state(), entries()
    with pytest.raises(error) as caught:
        DOORS[door][2](subject, actor)
    assert type(caught.value) is error
    assert state() == before
    assert entries() == length + 1
    assert denied()[-1] == (actor.kind, actor.id, actor.label, DOORS[door][0])
    return caught.value.message


def done(door: str, actor: Actor) -> None:
    """The act is done, by this actor."""
    subject = DOORS[door][1]()
    length = entries()
    DOORS[door][2](subject, actor)
    assert denied() == []
    assert entries() > length
    last = rows("SELECT actor_kind, actor_id, actor_label FROM actions_auditentry ORDER BY id DESC LIMIT 1")
    assert last == [(actor.kind, actor.id, actor.label)]


def test_the_matrix_has_every_verb_that_the_code_asks_for():
    asked: set[str] = set()
    for folder in ("operate", "keys", "alerts", "schedules"):
        for file in (ROOT / "actions/engine" / folder).rglob("*.py"):
            asked |= set(re.findall(r'(?:require|permitted|locked)\([^()]*?(?:actor, |verb=)"(\w+)"', file.read_text()))
    permissions = {name for name, _ in Access._meta.permissions}
    covered = {verb for verb, *_ in DOORS.values()}
    assert asked <= covered | SEEN_ONLY | {"view_execution"}
    assert permissions - SEEN_ONLY == covered
    assert covered - {
        "manage_keys",
        "manage_alerts",
        "manage_schedules",
        "manage_workers",
        "export_audit",
        "triage",
    } == set(scopes.ACTION_VERBS) - {"read"}


@pytest.mark.parametrize("role", roles())
@pytest.mark.parametrize("door", DOORS)
def test_a_role_may_do_what_the_docs_say_and_nothing_else(door: str, role: str):
    """I-21"""
    actor = member(role)
    if DOORS[door][0] in roles()[role]:
        done(door, actor)
    else:
        assert f"actions.{DOORS[door][0]}" in refused(door, actor, Forbidden)


# Keys


def scope_of(door: str, name: str = "*") -> str:
    """The scope that a door asks for."""
    return f"queue:{name}:pause" if "queue" in door else f"action:{name}:{DOORS[door][0]}"


@pytest.mark.parametrize("door", [*OF_ACTIONS, "pause queue", "resume queue"])
def test_a_key_with_the_scope_may(door: str):
    """S-02: by the whole name, by a start of it, and by the star"""
    names = {"emit": "flow-reviewed", "trigger": "test-noop", "pause action": "test-noop", "resume action": "test-noop"}
    name = "default" if "queue" in door else names.get(door, "test-external")
    once = [name] if DOORS[door][0] == "pause" else [name, f"{name[:5]}*", "*"]
    for number, granted in enumerate(once):
        done(door, keyed(scope_of(door, granted), account="caller", label=f"key {number}"))


@pytest.mark.parametrize("door", [*OF_ACTIONS, "pause queue", "resume queue"])
def test_a_key_without_the_scope_is_told_which_one_it_lacks(door: str):
    """B25: every other scope there is, for everything"""
    others = [f"action:*:{verb}" for verb in scopes.ACTION_VERBS if verb != DOORS[door][0] or "queue" in door]
    others += ["audit:read", "audit:export", *(["queue:*:pause"] if "queue" not in door else ["queue:other:pause"])]
    said = refused(door, keyed(*others, account="caller"), Forbidden)
    assert re.search(r"lacks the scope (action|queue):[a-z-]+:" + DOORS[door][0], said)


@pytest.mark.parametrize("door", OF_EXECUTIONS)
def test_an_execution_that_a_key_may_not_read_is_not_there(door: str):
    """B26, S-02: 404, in the words that an unknown id gets, never 403"""
    foreign = keyed(f"action:other*:{DOORS[door][0]}", "action:other*:read", "audit:read", account="caller")
    subject = DOORS[door][1]()
    said = refused(door, foreign, ExecutionNotFound, subject)
    length = entries()
    with pytest.raises(ExecutionNotFound) as caught:
        DOORS[door][2]("exec_" + "0" * 26, foreign)
    assert caught.value.message.replace("exec_" + "0" * 26, subject) == said
    assert entries() == length


@pytest.mark.parametrize("door", [door for door in DOORS if DOORS[door][0] == "manage_keys"])
def test_no_scope_manages_keys(door: str):
    every = [f"action:*:{verb}" for verb in scopes.ACTION_VERBS] + ["queue:*:pause", "audit:read", "audit:export"]
    assert "no API key may manage keys" in refused(door, keyed(*every, account="caller"), Forbidden)


@pytest.mark.parametrize("how", ["revoked", "expired", "account disabled", "none", "of another", "no key at all"])
@pytest.mark.parametrize("door", ["trigger", "retry", "pause queue", "make a key"])
def test_a_key_that_ended_after_the_request_came_does_nothing(door: str, how: str):
    """S-16: looked at again in the transaction that acts"""
    made = new_key("action:*:trigger", "action:*:retry", "queue:*:pause", account="caller")
    actor = Actor("api_key", "service:caller", f"caller · do_live_{made.id}", made.id)
    if how == "revoked":
        revoke(made.id, **DONE)
    elif how == "expired":
        rows("UPDATE actions_apikey SET expires_at = now()")
    elif how == "account disabled":
        disable_account("caller", **DONE)
    elif how == "of another":
        actor = Actor("api_key", "service:other", "other", made.id)
    else:
        actor = Actor("api_key", "service:caller", "caller", "zzzzzzzz" if how == "none" else "")
    refused(door, actor, Unauthenticated)


@pytest.mark.parametrize("door", [*OF_ACTIONS, "pause queue", "resume queue"])
def test_the_key_of_a_user_needs_the_users_permission_too(door: str):
    """A user's key: permission and scope, both of them"""
    verb = DOORS[door][0]
    everything = {name for name, _ in Access._meta.permissions} - {verb}
    person("weak", *everything, "view_execution")
    weak = keyed(scope_of(door), "action:*:read", user="weak")
    assert f"lacks the permission actions.{verb}" in refused(door, weak, Forbidden)
    person("able", verb)
    scopeless = keyed("action:*:read", "audit:read", user="able")
    refused(door, scopeless, Forbidden if door not in OF_EXECUTIONS else ExecutionNotFound)


@pytest.mark.parametrize("door", [*OF_ACTIONS, "pause queue", "resume queue"])
def test_the_key_of_a_user_with_both_may_until_one_is_taken_away(door: str):
    user = person("able", DOORS[door][0])
    actor = keyed(scope_of(door), user="able")
    done(door, actor)
    user.user_permissions.clear()
    with pytest.raises(DoplatformError):
        DOORS[door][2](DOORS[door][1](), actor)
    user.is_active = False
    user.save()
    with pytest.raises(Unauthenticated):
        DOORS[door][2](DOORS[door][1](), actor)


def test_a_superuser_may_everything_but_their_key_only_what_its_scopes_say():
    user = person("root")
    user.is_superuser = True
    user.save()
    done("trigger", actor_of(user))
    done("trigger", keyed("action:*:trigger", user="root"))
    refused("retry", keyed("action:*:trigger", "action:*:read", user="root", label="b"), Forbidden)


# What a refusal leaves


def test_a_refusal_inside_of_acting_is_kept_although_its_transaction_is_undone():
    actor = keyed("action:*:read")
    with pytest.raises(Forbidden), access.acting():
        rows("UPDATE actions_serviceaccount SET description = 'changed'")
        access.require(actor, "trigger", subject="test-noop", action="test-noop")
    assert [row[3] for row in denied()] == ["trigger"]
    assert value("SELECT description FROM actions_serviceaccount") == ""


def test_a_refusal_in_one_verb_inside_of_another_is_kept_once():
    actor = keyed("action:*:read")
    with pytest.raises(Forbidden), access.acting():
        trigger.trigger("test-noop", {}, actor=actor)
    assert [row[3] for row in denied()] == ["trigger"]


def test_a_refusal_keeps_no_secret_and_no_more_than_it_needs():
    made = new_key("action:*:read")
    actor = keyed("action:*:read", label="b")
    for subject in (made.text, "x" * 10_000, "\x00\ud800"):
        with pytest.raises(Forbidden):
            access.require(actor, "trigger", subject=subject, action="test-noop")
    kept = [
        row[0]
        for row in rows("SELECT data->>'subject' FROM actions_auditentry WHERE verb = 'access.denied' ORDER BY id")
    ]
    assert kept == [f"do_live_{made.id}_••••", "x" * 200, "\\x00\\ud800"]


def test_the_audit_is_read_with_its_own_scopes():
    reader, exporter = keyed("audit:read", label="a"), keyed("audit:export", label="b")
    access.require(reader, "view_audit")
    access.require(exporter, "export_audit")
    for actor, verb in ((reader, "export_audit"), (exporter, "view_audit")):
        with pytest.raises(Forbidden, match="audit:"):
            access.require(actor, verb)


@pytest.mark.parametrize("verb", ["", "*", "read*", "manage_keys", "delete", "\x00"])
def test_a_verb_that_nobody_knows_is_refused_to_every_key(verb: str):
    actor = keyed("action:*:read", "audit:read")
    with pytest.raises(Forbidden):
        access.require(actor, verb, action="test-noop")


def test_a_key_is_told_no_names_that_it_may_not_read():
    """B13"""
    blind, seeing = keyed("action:*:trigger", label="a"), keyed("action:*:trigger", "action:test-n*:read", label="b")
    assert app.noop.name == "test-noop"
    for actor, hint in ((blind, False), (seeing, True)):
        with pytest.raises(DoplatformError) as caught:
            trigger.trigger("test-nop", {}, actor=actor)
        assert ("test-noop" in caught.value.message) == hint


def test_a_key_pauses_a_tag_with_the_scope_for_all_actions():
    done("pause tag", keyed("action:*:pause", account="caller", label="all"))
    done("resume tag", keyed("action:*:pause", account="caller", label="all too"))


def test_a_key_that_may_pause_some_actions_pauses_no_tag():
    others = ["action:test-noop:pause", "action:test*:pause", "queue:*:pause", "action:*:trigger"]
    assert "action:*:pause" in refused("pause tag", keyed(*others, account="caller"), Forbidden)
