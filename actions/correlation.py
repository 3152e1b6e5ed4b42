"""What the audit's entries have in common: the request, or the bulk operation, in which somebody acts.

Kept in a context variable, so that no verb has to hand it on, and an entry is marked without a statement more.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

NAMES = ("request", "operation")
"""What an entry's data may say of it."""
_OUTSIDE = frozenset({"user", "api_key"})
"""Kinds of actors whose entries are marked; what the platform does by itself belongs to its execution."""
_marks: ContextVar[str | None] = ContextVar("marks", default=None)


@contextmanager
def within(name: str, value: str) -> Iterator[None]:
    """Mark what is written in this context with one of NAMES."""
    token = _marks.set(json.dumps({name: value}))
    try:
        yield
    finally:
        _marks.reset(token)


def marks(actor_kind: str) -> str | None:
    """The marks of what an actor of that kind does now, as a JSON object; None where there are none."""
    return _marks.get() if actor_kind in _OUTSIDE else None
