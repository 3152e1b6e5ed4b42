"""What can be asked for: the fields of the grammar, in the order in which they are offered."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from actions.states import Status

TRIGGERS = ("user", "api_key", "schedule", "workflow", "system")
"""Kinds of actors."""
STANDINGS = ("late",)
"""Due for over a minute, and nobody takes it."""
KINDS = ("top", "workflow", "step")
"""What belongs to no workflow; workflows; their steps."""
INPUT = "input"
"""The field that takes a path: `input.customer.id`."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what its values are compared with, and what people read about it."""

    name: str
    says: str
    example: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """The only values that it takes; empty: any."""
    patterns: bool = False
    """Whether `*` in a value stands for any text."""


FIELDS = {
    field.name: field
    for field in (
        Field("state", "where it stands", "state:failed,in_doubt", ("status",), tuple(Status)),
        Field("action", "the name of its action", "action:send-*", patterns=True),
        Field("queue", "the queue it is in", "queue:mail", patterns=True),
        Field("tag", "one of its tags", "tag:nightly", ("tags",), patterns=True),
        Field("key", "its idempotency key", "key:order-17", ("idempotency_key",), patterns=True),
        Field("error", "a text in its error: message, code or class", 'error:"mail server"', patterns=True),
        Field("actor", "who asked: the label or the id", "actor:ada", patterns=True),
        Field("trigger", "what kind of actor asked", "trigger:api_key", (), TRIGGERS),
        Field(INPUT, "a value in its params, by its path", "input.customer.id:17", ("params",), patterns=True),
        Field("after", "accepted at that time or later", "after:-2h", ("since",)),
        Field("before", "accepted before that time", "before:2026-01-31", ("until",)),
        Field("finished-after", "ended at that time or later", "finished-after:-1h", ("finished_after",)),
        Field("finished-before", "ended before that time", "finished-before:today", ("finished_before",)),
        Field("due-after", "due at that time or later", "due-after:now", ("due_after",)),
        Field("due-before", "due before that time", "due-before:-5m", ("due_before",)),
        Field("group", "the group of failures that its error belongs to", f"group:{'0' * 31}1"),
        Field("is", "due for over a minute, and not paused", "is:late", (), STANDINGS),
        Field("kind", "top level only, workflows, or steps", "kind:workflow", (), KINDS),
        Field("id", "its id", "id:exec_01jz5k3q8m6y2v9c4t7w1x0abc"),
        Field("parent", "the workflow whose step it is", "parent:exec_01jz5k3q8m6y2v9c4t7w1x0abc", ("workflow",)),
        Field(
            "bulk",
            "what a bulk operation has done; of a replay, what that made",
            f"bulk:{'0' * 8}-0000-7000-8000-{'0' * 12}",
        ),
        Field("replay", "the execution that it replays", "replay:exec_01jz5k3q8m6y2v9c4t7w1x0abc", ("replay_of",)),
    )
}
TIMES = ("after", "before", "finished-after", "finished-before", "due-after", "due-before")
IDS = ("id", "parent", "bulk", "replay")
GROUP = re.compile(r"[0-9a-f]{32}")
"""What names a group of failures: its fingerprint."""
_NAMES = {alias: field.name for field in FIELDS.values() for alias in (field.name, *field.aliases)}


def named(text: str) -> Field | None:
    """The field that `text` names, by its name or an alias, in any case."""
    name = _NAMES.get(text.lower())
    return FIELDS[name] if name else None


def nearest(text: str, offered: tuple[str, ...] | None = None) -> str:
    """The field, or the one among `offered`, that `text` was probably meant to be; empty when none is near."""
    near = get_close_matches(text.lower(), offered or tuple(_NAMES), 1, 0.6)
    return near[0] if near else ""
