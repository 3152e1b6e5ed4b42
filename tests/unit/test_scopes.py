"""Scopes: what they grant, and that nothing else is granted (S-02, B25)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.engine.keys import scopes
from actions.errors import InvalidInput

NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,12}", fullmatch=True)
VERBS = st.sampled_from(scopes.ACTION_VERBS)
GOOD = [
    "action:send-email:trigger", "action:*:read", "action:order*:retry", "action:order.*:force_stop", "queue:default:pause",
    "queue:*:pause", "audit:read", "audit:export", *(f"action:a:{verb}" for verb in scopes.ACTION_VERBS),
]  # fmt: skip
BAD = [
    "", "action", "action:x", "action:x:", "action::read", "action:x:delete", "action:x:*", "action:X:read", "action:1x:read",
    "action:x*y:read", "action:**:read", "action:x:read:more", "queue:default:read", "queue:def*:pause", "queue::pause",
    "audit:*", "audit:write", "*", "*:*:*", "action:x:read\x00", "action:é:read", "action:x :read", "Action:x:read",
    "action:" + "x" * 200 + ":read", "'; DROP TABLE actions_apikey; --", "action:x:manage_keys", "action:x:view_audit",
]  # fmt: skip


def test_scopes_are_kept_once_in_their_order():
    assert scopes.parse([*GOOD, *GOOD, " audit:read ", ""]) == tuple(GOOD)


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad])
def test_what_is_no_scope_is_refused_with_its_place(bad: str):
    with pytest.raises(InvalidInput) as caught:
        scopes.parse(["audit:read", bad])
    assert (caught.value.code, [problem.path for problem in caught.value.problems]) == ("invalid_scope", ["scopes[1]"])


def test_every_fault_is_said_at_once():
    with pytest.raises(InvalidInput) as caught:
        scopes.parse(["x", "audit:read", "y"])
    assert [problem.path for problem in caught.value.problems] == ["scopes[0]", "scopes[2]"]


@pytest.mark.parametrize("none", [[], ["", "  "]])
def test_a_key_without_scopes_is_refused(none: list[str]):
    with pytest.raises(InvalidInput, match="could do nothing"):
        scopes.parse(none)


def test_there_is_an_end_to_the_number_of_scopes():
    with pytest.raises(InvalidInput, match="at most 100"):
        scopes.parse([f"action:a{number}:read" for number in range(101)])


@given(NAMES, VERBS, NAMES, VERBS)
def test_a_scope_grants_its_verb_on_its_action_and_nothing_else(name: str, verb: str, other: str, another: str):
    granted = [f"action:{name}:{verb}"]
    assert scopes.allow(granted, verb, name)
    assert scopes.allow(granted, another, other) == ((name, verb) == (other, another))
    assert not scopes.allow(granted, verb)
    assert not scopes.allow(granted, verb, "", name)
    assert not scopes.allow(granted, "view_audit")


@given(NAMES, VERBS, NAMES, VERBS)
def test_a_star_grants_what_begins_so(start: str, verb: str, other: str, another: str):
    granted = [f"action:{start}*:{verb}"]
    assert scopes.allow(granted, verb, start)
    assert scopes.allow(granted, verb, start + other)
    assert scopes.allow(granted, another, other) == (other.startswith(start) and verb == another)


@given(st.lists(st.sampled_from(GOOD)), VERBS, NAMES)
def test_nothing_is_granted_that_no_scope_names(granted: list[str], verb: str, name: str):
    names = [scope.split(":")[1] for scope in granted if scope.startswith("action:") and scope.endswith(f":{verb}")]
    expected = any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in names)
    assert scopes.allow(granted, verb, name) == expected
    assert set(scopes.patterns(granted, verb)) == set(names)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_text_of_a_request_grants_anything(verb: str, action: str, queue: str):
    assert not scopes.allow(
        ["action:order:trigger", "queue:fast:pause"], verb, f"x{action}", f"x{queue}" if queue else ""
    )


def test_queues_and_the_audit_are_apart():
    assert scopes.allow(["queue:default:pause"], "pause", queue="default")
    assert not scopes.allow(["queue:default:pause"], "pause", queue="other")
    assert not scopes.allow(["queue:*:pause"], "pause", "an-action")
    assert not scopes.allow(["action:*:pause"], "pause", queue="default")
    assert scopes.allow(["audit:read"], "view_audit")
    assert not scopes.allow(["audit:read"], "export_audit")
    assert not any(scopes.allow(GOOD, verb, "a") for verb in ("manage_keys", "delete", "", "*"))


def test_each_scope_has_the_permission_that_a_person_needs_for_it():
    needs = {scope: scopes.permission(scope) for scope in GOOD}
    assert needs["action:*:read"] == "view_execution"
    assert needs["queue:*:pause"] == needs["action:a:pause"] == "pause"
    assert (needs["audit:read"], needs["audit:export"]) == ("view_audit", "export_audit")
    assert {needs[f"action:a:{verb}"] for verb in scopes.ACTION_VERBS[1:]} == set(scopes.ACTION_VERBS[1:])
