"""Rules and channels are made, changed and ended by those who may, with a reason, and in the audit without an address."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from actions import Actor
from actions.engine.alerts.channels.change_address import change_address
from actions.engine.alerts.channels.create import create as create_channel
from actions.engine.alerts.channels.disable import disable, enable
from actions.engine.alerts.channels.remove import remove as remove_channel
from actions.engine.alerts.channels.try_out import try_out
from actions.engine.alerts.kinds import KINDS
from actions.engine.alerts.rules.change import change
from actions.engine.alerts.rules.create import create
from actions.engine.alerts.rules.pause import pause, resume
from actions.engine.alerts.rules.remove import remove
from actions.engine.alerts.rules.wanted import Wanted
from actions.errors import AlertChannelNotFound, AlertRuleNotFound, Forbidden, InvalidInput, ReadOnly, ReasonRequired
from actions.models import AlertChannel, AlertRule
from tests.alerting import WHY, channel, rule
from tests.engine.test_access_matrix import member, roles
from tests.keyring import denied
from tests.stage import ALICE, crew, engine, rows, worker

__all__ = ["crew", "engine", "worker"]
pytestmark = pytest.mark.usefixtures("engine")
HOOK = "https://receiver.example/hook-canary?token=canary"


def paused() -> int:
    made = rule("failure")
    pause(made, actor=ALICE, reason=WHY)
    return made


def disabled() -> int:
    made = channel(HOOK)
    disable(made, actor=ALICE, reason=WHY)
    return made


# Door: the permission, what it is about, the act, and what the audit calls it.
DOORS: dict[str, tuple[str, Callable[[], int], Callable[[int, Actor, str], Any]]] = {
    "alert_rule.created": (
        "manage_alerts", lambda: 0,
        lambda _, who, why: create("failure", Wanted(name="new"), actor=who, reason=why),
    ),
    "alert_rule.changed": (
        "manage_alerts", lambda: rule("failure"),
        lambda key, who, why: change(key, Wanted(name="other", quiet=60), actor=who, reason=why),
    ),
    "alert_rule.paused": ("pause", lambda: rule("failure"), lambda key, who, why: pause(key, actor=who, reason=why)),
    "alert_rule.resumed": ("pause", paused, lambda key, who, why: resume(key, actor=who, reason=why)),
    "alert_rule.removed": (
        "manage_alerts", lambda: rule("failure"), lambda key, who, why: remove(key, actor=who, reason=why),
    ),
    "alert_channel.created": (
        "manage_alerts", lambda: 0,
        lambda _, who, why: create_channel("hook", kind="webhook", address=HOOK, actor=who, reason=why),
    ),
    "alert_channel.changed": (
        "manage_alerts", lambda: channel(HOOK),
        lambda key, who, why: change_address(key, address=HOOK + "2", actor=who, reason=why),
    ),
    "alert_channel.disabled": (
        "manage_alerts", lambda: channel(HOOK), lambda key, who, why: disable(key, actor=who, reason=why),
    ),
    "alert_channel.enabled": (
        "manage_alerts", disabled, lambda key, who, why: enable(key, actor=who, reason=why),
    ),
    "alert_channel.removed": (
        "manage_alerts", lambda: channel(HOOK), lambda key, who, why: remove_channel(key, actor=who, reason=why),
    ),
    "alert_channel.tested": (
        "manage_alerts", lambda: channel(HOOK), lambda key, who, why: try_out(key, actor=who, reason=why),
    ),
}  # fmt: skip


def last() -> tuple[Any, ...]:
    found = rows("SELECT verb, actor_label, reason, data FROM actions_auditentry ORDER BY id DESC LIMIT 1")[0]
    return (*found[:3], json.loads(found[3]) if isinstance(found[3], str) else found[3])


def stored() -> Any:
    return rows(
        "SELECT to_jsonb(r)::text FROM actions_alertrule AS r UNION ALL SELECT to_jsonb(c)::text FROM actions_alertchannel AS c"
    )


@pytest.mark.parametrize("role", roles())
@pytest.mark.parametrize("verb", DOORS)
def test_a_role_may_do_what_the_docs_say_and_it_is_in_the_audit_without_the_address(verb: str, role: str):
    permission, make, act = DOORS[verb]
    subject = make()
    before, actor = stored(), member(role)
    if permission not in roles()[role]:
        with pytest.raises(Forbidden):
            act(subject, actor, WHY)
        assert (stored(), denied()[-1][3]) == (before, permission)
        return
    act(subject, actor, WHY)
    entry = rows(
        "SELECT verb, actor_label, reason, data::text FROM actions_auditentry WHERE verb LIKE 'alert%%' ORDER BY id DESC LIMIT 1"
    )[0]
    assert entry[:3] == (verb, actor.label, WHY)
    assert "canary" not in entry[3]


@pytest.mark.parametrize("verb", DOORS)
def test_people_say_why(verb: str):
    _, make, act = DOORS[verb]
    subject = make()
    before = stored()
    with pytest.raises(ReasonRequired):
        act(subject, member("Administrator"), " ")
    assert stored() == before


@pytest.mark.parametrize("verb", DOORS)
def test_an_installation_that_is_only_looked_at_refuses_all_of_them(verb: str, settings: Any):
    _, make, act = DOORS[verb]
    subject, actor = make(), member("Administrator")
    settings.DOPLATFORM = {**settings.DOPLATFORM, "READ_ONLY": True}
    with pytest.raises(ReadOnly):
        act(subject, actor, WHY)


@pytest.mark.parametrize("verb", [verb for verb in DOORS if not verb.endswith("created")])
def test_what_is_not_there_is_not_found(verb: str):
    missing = AlertRuleNotFound if verb.startswith("alert_rule") else AlertChannelNotFound
    with pytest.raises(missing):
        DOORS[verb][2](4_711, ALICE, WHY)


@pytest.mark.parametrize(
    ("kind", "wanted", "path"),
    [
        ("failure", {"name": ""}, "name"),
        ("failure", {"name": "n" * 101}, "name"),
        ("failure", {"name": "a\x1bb"}, "name"),
        ("failure", {"name": "taken"}, "name"),
        ("nothing", {}, "kind"),
        ("failure", {"scope": "worker"}, "scope"),
        ("queue_age", {"scope": "action", "of": "test-noop"}, "scope"),
        ("run_time", {}, "scope"),
        ("failure", {"scope": "action", "of": "test-nobody"}, "of"),
        ("failure", {"scope": "queue", "of": "nowhere\x00"}, "of"),
        ("failure", {"scope": "tag", "of": ""}, "of"),
        ("rate", {"threshold": 0.0}, "threshold"),
        ("rate", {"threshold": 100.0}, "threshold"),
        ("rate", {"threshold": float("nan")}, "threshold"),
        ("queue_age", {"threshold": float("inf")}, "threshold"),
        ("rate", {"window": 59}, "window"),
        ("rate", {"least": 0}, "least"),
        ("failure", {"quiet": 59}, "quiet"),
        ("failure", {"quiet": 604_801}, "quiet"),
        ("failure", {"channels": (4_711,)}, "channels"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_its_field(worker: Any, kind: str, wanted: dict[str, Any], path: str):
    rule("failure", name="taken")
    with pytest.raises(InvalidInput) as refusal:
        create(kind, Wanted(**{"name": "x", **wanted}), actor=ALICE, reason=WHY)
    assert refusal.value.path == path
    assert AlertRule.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_made_with_what_it_says_by_itself(worker: Any, kind: str):
    scope = {"scope": "action", "of": "test-noop"} if kind == "run_time" else {}
    made = AlertRule.objects.get(pk=rule(kind, **scope))
    assert (made.threshold, made.quiet) == (KINDS[kind].threshold, KINDS[kind].quiet)


def test_a_change_says_what_was_before_and_nothing_is_none(worker: Any):
    made = rule("rate", channel(HOOK), threshold=5.0)
    wanted = Wanted(name="rate", threshold=7.0, channels=())
    assert change(made, wanted, actor=ALICE, reason=WHY)
    assert last()[3]["before"] == {"threshold": 5.0, "channels": ["team"]}
    assert not change(made, wanted, actor=ALICE, reason=WHY)
    assert change(made, replace(wanted, tell_recovery=False), actor=ALICE, reason=WHY)
    assert (last()[3]["before"], last()[3]["tell_recovery"]) == ({"tell_recovery": True}, False)


def test_an_address_is_encrypted(worker: Any):
    row = AlertChannel.objects.get(pk=channel(HOOK))
    assert (row.shown, b"canary" in bytes(row.address)) == ("https://receiver.example", False)
