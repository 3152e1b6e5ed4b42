"""Every verb for every role, and for API keys with every scope: who may does, who may not is refused and audited (I-21, S-02,
S-16, B25, B26, G20). What roles may is read from docs/operations.md."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from actions import Actor
from actions.definitions.callback import Callback
from actions.engine import access
from actions.engine.access import actor_of
from actions.engine.keys import scopes
from actions.engine.keys.accounts import create_account, disable_account, enable_account
from actions.engine.keys.authenticate import seen
from actions.engine.keys.callback import set_callback
from actions.engine.keys.create import create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.engine.operate import emit, pause, trigger
from actions.engine.operate.cancel import cancel
from actions.engine.operate.export import export_audit
from actions.engine.operate.replay import replay
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.engine.operate.triage import resolve_group
from actions.engine.schedules.change import change as change_schedule
from actions.engine.schedules.make import make as make_schedule
from actions.engine.schedules.remove import remove as remove_schedule
from actions.engine.schedules.wanted import Wanted
from actions.engine.sync import sync
from actions.errors import DoplatformError, ExecutionNotFound, Forbidden, Unauthenticated
from actions.models import Access, ErrorGroup
from actions.states import Status
from tests.app import actions as app
from tests.app import workflows as flows
from tests.engine.test_operate_matrix import put
from tests.keyring import WHY, denied, entries, keyed, new_key, person
from tests.stage import ALICE, rows, value

pytestmark = pytest.mark.usefixtures("engine")
ROOT = Path(__file__).resolve().parents[2]
_DONE = {"actor": ALICE, "reason": WHY}


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    seen.clear()
    sync()


def execution(status: Status) -> str:
    return put(status).id


def paused(model: Any) -> str:
    (pause.pause_action if model == "action" else pause.pause_queue)(
        "test-noop" if model == "action" else "default", **_DONE
    )
    return "test-noop" if model == "action" else "default"


def account(name: str = "crm") -> str:
    create_account(name, **_DONE)
    return name


def disabled() -> str:
    disable_account(account(), **_DONE)
    return "crm"


def failures() -> str:
    """The fingerprint of a group of failures."""
    now = datetime.now(UTC)
    group = ErrorGroup(fingerprint="a" * 32, action="test-fail", code="x", error_class="X", message="broken", count=1)
    group.first_seen_at = group.last_seen_at = now
    group.save(force_insert=True)
    return group.pk


NIGHTLY = Wanted(name="nightly", cron="0 3 * * *")


def scheduled() -> str:
    """The id of a schedule."""
    return str(make_schedule("test-noop", NIGHTLY, **_DONE))


# Door: the permission, what it is about (made before, by code), and the act.
DOORS: dict[str, tuple[str, Callable[[], str], Callable[[str, Actor], Any]]] = {
    "trigger": ("trigger", lambda: "test-noop", lambda name, who: trigger.trigger(name, {}, actor=who, reason=WHY)),
    "retry": ("retry", lambda: execution(Status.FAILED), lambda id_, who: retry(id_, actor=who, reason=WHY)),
    "run now": ("run_now", lambda: execution(Status.QUEUED), lambda id_, who: run_now(id_, actor=who, reason=WHY)),
    "replay": ("replay", lambda: execution(Status.SUCCEEDED), lambda id_, who: replay(id_, actor=who, reason=WHY)),
    "cancel": ("cancel", lambda: execution(Status.QUEUED), lambda id_, who: cancel(id_, actor=who, reason=WHY)),
    "force stop": (
        "force_stop", lambda: execution(Status.RUNNING), lambda id_, who: cancel(id_, actor=who, reason=WHY, force=True),
    ),
    "resolve": (
        "resolve", lambda: execution(Status.IN_DOUBT), lambda id_, who: resolve(id_, answer=Answer.GIVE_UP, actor=who, reason=WHY),
    ),
    "emit": (
        "emit", lambda: flows.reviewed.invoke().id, lambda id_, who: emit.emit(id_, "review", actor=who, reason=WHY),
    ),
    "pause action": ("pause", lambda: "test-noop", lambda name, who: pause.pause_action(name, actor=who, reason=WHY)),
    "resume action": ("pause", lambda: paused("action"), lambda name, who: pause.resume_action(name, actor=who, reason=WHY)),
    "pause queue": ("pause", lambda: "default", lambda name, who: pause.pause_queue(name, actor=who, reason=WHY)),
    "resume queue": ("pause", lambda: paused("queue"), lambda name, who: pause.resume_queue(name, actor=who, reason=WHY)),
    "make a key": (
        "manage_keys", account, lambda name, who: create(account=name, scopes=["action:*:read"], actor=who, reason=WHY),
    ),
    "rotate a key": ("manage_keys", lambda: new_key().id, lambda key, who: rotate(key, actor=who, reason=WHY)),
    "say whom a key tells": (
        "manage_keys", lambda: new_key().id,
        lambda key, who: set_callback(key, Callback("https://receiver.example/"), actor=who, reason=WHY),
    ),
    "revoke a key": ("manage_keys", lambda: new_key().id, lambda key, who: revoke(key, actor=who, reason=WHY)),
    "make an account": ("manage_keys", lambda: "crm", lambda name, who: create_account(name, actor=who, reason=WHY)),
    "disable an account": ("manage_keys", account, lambda name, who: disable_account(name, actor=who, reason=WHY)),
    "export the audit": ("export_audit", lambda: "csv", lambda form, who: export_audit({}, form, actor=who)),
    "triage failures": ("triage", failures, lambda known, who: resolve_group(known, actor=who, reason=WHY)),
    "make a schedule": (
        "manage_schedules", lambda: "test-noop", lambda name, who: make_schedule(name, NIGHTLY, actor=who, reason=WHY),
    ),
    "change a schedule": (
        "manage_schedules", scheduled,
        lambda id_, who: change_schedule(int(id_), replace(NIGHTLY, cron="0 4 * * *"), actor=who, reason=WHY),
    ),
    "remove a schedule": (
        "manage_schedules", scheduled, lambda id_, who: remove_schedule(int(id_), actor=who, reason=WHY),
    ),
    "enable an account": ("manage_keys", disabled, lambda name, who: enable_account(name, actor=who, reason=WHY)),
}  # fmt: skip
SEEN_ONLY = {"view_payload", "view_audit", "share_views"}
"""Permissions of pages, and of what pages keep for their readers; tests of the console ask for them by role."""
OF_ACTIONS = [door for door, (verb, *_) in DOORS.items() if verb in scopes.ACTION_VERBS and "queue" not in door]
OF_EXECUTIONS = [door for door in OF_ACTIONS if door not in {"trigger", "pause action", "resume action"}]


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
    tables = ("actions_execution", "actions_attempt", "actions_action", "actions_queue", "actions_externalevent", "actions_apikey", "actions_serviceaccount", "actions_schedule")  # fmt: skip
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
    for folder in ("operate", "keys", "schedules"):
        for file in (ROOT / "actions/engine" / folder).glob("*.py"):
            asked |= set(re.findall(r'(?:require|permitted|locked)\([^()]*?(?:actor, |verb=)"(\w+)"', file.read_text()))
    permissions = {name for name, _ in Access._meta.permissions}
    covered = {verb for verb, *_ in DOORS.values()}
    assert asked <= covered | SEEN_ONLY | {"view_execution"}
    assert permissions - SEEN_ONLY == covered
    assert covered - {"manage_keys", "manage_schedules", "export_audit", "triage"} == set(scopes.ACTION_VERBS) - {
        "read"
    }


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
        revoke(made.id, **_DONE)
    elif how == "expired":
        rows("UPDATE actions_apikey SET expires_at = now()")
    elif how == "account disabled":
        disable_account("caller", **_DONE)
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


@pytest.mark.parametrize("verb", ["", "*", "read*", "view_payload", "manage_keys", "delete", "\x00"])
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
