"""The rule of an installation that narrows what people may do and see: DOPLATFORM["ACCESS"].

A dotted path to a module or an object with one or both of

    visible_actions(user) -> Iterable[str] | None    the actions whose executions this user may see; None: all of them
    may(user, verb, subject) -> bool                 whether the user may do a verb to this execution, action or queue

They are asked after Django's permissions and can only take away. A rule that raises, or answers nonsense, allows nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog
from django.utils.module_loading import import_string

from actions import conf

log = structlog.get_logger(__name__)

FAILED = (
    "The access rule of this installation (ACCESS) has failed, so that nothing is shown and nothing done. It is logged."
)
"""What is said where the rule raised."""


class RuleFailed(Exception):
    """The rule raised, or answered what is no answer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What somebody wants to do something to, as far as a rule is told."""

    kind: str
    """execution, action or queue."""
    action: str = ""
    queue: str = ""
    tags: tuple[str, ...] = ()
    id: str = ""
    """The public id of an execution."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what they may see."""

    names: tuple[str, ...]
    """Names of actions, and beginnings that end in `*`."""
    principal: str = ""
    """As it stands in what they did: kind:id."""

    @property
    def likes(self) -> list[str]:
        """The names as patterns of LIKE."""
        return [_like(name) for name in self.names]

    def sees(self, action: str) -> bool:
        """Whether an action is among them."""
        return any(covers(name, action) for name in self.names)


NOBODY = Reader(())
_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def reader() -> Reader | None:
    """Who reads now; None where everything may be seen."""
    return _reader.get()


def likes() -> list[str] | None:
    """What may be seen now, as patterns of LIKE; None: everything."""
    now = _reader.get()
    return None if now is None else now.likes


def hidden(action: str) -> bool:
    """Whether who reads now may not see this action."""
    now = _reader.get()
    return now is not None and not now.sees(action)


@contextmanager
def reading(known: Reader | None) -> Iterator[None]:
    """Let every query in here find only what this reader may see."""
    token = _reader.set(known)
    try:
        yield
    finally:
        _reader.reset(token)


def reader_of(user: Any) -> Reader | None:
    """What a user may see; None: everything. Raises RuleFailed, logged."""
    rule = _rule("visible_actions")
    if rule is None:
        return None
    try:
        names = rule(user)
        if names is None:
            return None
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise TypeError(f"visible_actions gave {type(names).__name__}, not names or None")
        return Reader(tuple(sorted({_name(name) for name in names})), f"user:{user.pk}")
    except Exception as error:
        raise _failed("visible_actions", error) from error


def may(user: Any, verb: str, subject: Subject) -> bool:
    """Whether a user who has the permission may do the verb to this. Raises RuleFailed, logged."""
    known = reader_of(user)
    if known is not None and subject.action and not known.sees(subject.action):
        return False
    rule = _rule("may")
    if rule is None:
        return True
    try:
        answer = rule(user, verb, subject)
        if not isinstance(answer, bool):
            raise TypeError(f"may gave {type(answer).__name__}, not True or False")
    except Exception as error:
        raise _failed("may", error) from error
    return answer


def load(path: str) -> Any:
    """The rule behind a dotted path. Raises ImportError."""
    try:
        return import_string(path)
    except ImportError:
        return import_module(path)


def covers(name: str, wanted: str) -> bool:
    """Whether a name, or a beginning that ends in `*`, covers another one, which may be a beginning itself."""
    return name == wanted or (name.endswith("*") and wanted.startswith(name[:-1]))


def shared(ours: Iterable[str], theirs: Iterable[str]) -> tuple[str, ...]:
    """What two lists of names and beginnings both cover."""
    theirs = tuple(theirs)
    found = [a if covers(b, a) else b for a in ours for b in theirs if covers(a, b) or covers(b, a)]
    return tuple(dict.fromkeys(found))


def _rule(name: str) -> Any:
    path = conf.get().ACCESS
    if not path:
        return None
    try:
        rule = load(path)
    except Exception as error:
        raise _failed(name, error) from error
    return getattr(rule, name, None)


def _failed(rule: str, error: Exception) -> RuleFailed:
    log.error("access_rule_failed", rule=rule, error=f"{type(error).__name__}: {error}"[:500], exc_info=error)
    return RuleFailed(FAILED)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name or "\x00" in name:
        raise TypeError(f"visible_actions gave {name!r} among its names")
    return name


def _like(name: str) -> str:
    escaped = name.removesuffix("*").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped + "%" if name.endswith("*") else escaped
