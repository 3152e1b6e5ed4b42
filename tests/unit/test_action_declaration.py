"""@action: what a declaration says, and what it may not."""

from datetime import timedelta
from typing import Any

import pytest

from actions import Action, RetryPolicy
from actions.definitions.registry import Registry
from actions.errors import ActionNotFound, InvalidDefinition
from actions.states import Effects


def send_email(user_id: int, urgent: bool = False) -> str:
    """Sends the welcome email.

    Once.
    """
    return f"sent {user_id}"


def test_what_is_not_said_has_a_careful_default():
    action = Action(send_email)
    assert (action.name, action.effects, action.queue, action.priority) == (
        "send-email",
        Effects.EXTERNAL,
        "default",
        0,
    )
    assert action.description == "Sends the welcome email.\n\nOnce."
    assert action.retry == RetryPolicy()
    assert (action.atomic, action.idempotency, action.max_concurrency, action.timeout) == (True, "optional", None, None)
    assert not action.groupable


def test_calling_it_calls_the_plain_function():
    assert Action(send_email)(7) == "sent 7"


@pytest.mark.parametrize(
    ("policies", "groupable"),
    [({"effects": "database"}, True), ({"effects": "database", "atomic": False}, False), ({"effects": "repeatable"}, False),
     ({"effects": "database", "max_concurrency": 1}, False)],
)  # fmt: skip
def test_only_plain_database_actions_share_a_transaction(policies: dict[str, Any], groupable: bool):
    assert Action(send_email, **policies).groupable is groupable


def test_times_may_be_timedeltas():
    action = Action(send_email, timeout=timedelta(minutes=2), hard_timeout=timedelta(minutes=3))
    assert (action.timeout, action.hard_timeout) == (120.0, 180.0)


@pytest.mark.parametrize(
    "policies",
    [
        {"name": "Send"}, {"name": "1send"}, {"name": "send email"}, {"name": "x" * 101}, {"name": "send\n"},
        {"effects": "none"}, {"effects": "DATABASE"}, {"idempotency": "always"}, {"derive_key": "param"},
        {"max_concurrency": 0}, {"priority": 40_000}, {"timeout": 0}, {"timeout": -1}, {"timeout": 5, "hard_timeout": 4},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_work_is_refused_where_it_is_declared(policies: dict[str, Any]):
    with pytest.raises(InvalidDefinition) as caught:
        Action(send_email, **policies)
    assert "send_email" in caught.value.message


def test_async_handlers_are_known_as_such():
    async def later() -> None: ...

    assert Action(later, name="later").is_async
    assert not Action(send_email).is_async


def test_a_registry_keeps_the_first_of_two_and_remembers_the_second():
    def other() -> None: ...

    registry = Registry()
    first, second = Action(send_email, name="twin"), Action(other, name="twin")
    registry.add(first)
    registry.add(second)
    assert registry.get("twin") is first
    assert registry.duplicates == [second]


def test_a_module_that_is_loaded_again_replaces_its_own():
    registry = Registry()
    first, again = Action(send_email), Action(send_email)
    registry.add(first)
    registry.add(again)
    assert registry.get("send-email") is again
    assert registry.duplicates == []


def test_an_unknown_name_is_answered_with_a_likely_one():
    """B13"""
    registry = Registry()
    registry.add(Action(send_email))
    with pytest.raises(ActionNotFound, match="Did you mean send-email"):
        registry.find("send-emial")
    with pytest.raises(ActionNotFound) as caught:
        registry.find("zzz")
    assert "mean" not in caught.value.message
