"""Dots in place of secrets, wherever a value is shown."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DOTS = "••••"
SENSITIVE = re.compile(r"password|token|secret|api[_-]?key|authorization|cookie", re.IGNORECASE)
_DEEPEST_SHOWN = 32
_SHORTEST = 4
"""Characters of a text that is looked for in other texts."""

Path = tuple[str, ...]
"""The keys that lead to a value, from the top of what is shown; the place in a list counts as one, as text."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is hidden beside the keys in which SENSITIVE is found."""

    names: frozenset[str] = frozenset()
    """Whole keys, in small letters."""
    paths: tuple[Path, ...] = ()
    """Ends of paths, in small letters; `*` is any key, or place in a list."""
    judge: Callable[[Path, Any], bool] | None = None
    """Asked about each value that is neither object nor list, and that no key hides."""

    @classmethod
    def of(cls, entries: Iterable[str], judge: Callable[[Path, Any], bool] | None = None) -> "Rule":
        """From names and dotted paths. Raises ValueError, which names the entry that is neither."""
        ways = [(entry, tuple(entry.lower().split("."))) for entry in entries]
        for entry, way in ways:
            if not all(part == "*" or (part.strip() == part and part and "*" not in part) for part in way):
                raise ValueError(f"{entry[:50]!r} is neither a key nor a path such as cards.*.number")
            if set(way) == {"*"}:
                raise ValueError(f"{entry[:50]!r} would hide everything")
        single = frozenset(way[0] for _, way in ways if len(way) == 1)
        return cls(single, tuple(way for _, way in ways if len(way) > 1), judge)

    def covers(self, path: Path) -> bool:
        """Whether a key, or the path to it, says that all in it is hidden."""
        if not path:
            return False
        if SENSITIVE.search(path[-1]) or path[-1].lower() in self.names:
            return True
        return any(_leads(path, end) for end in self.paths)

    def hides(self, path: Path, leaf: Any) -> bool:
        """Whether a value that is neither object nor list is hidden, by its path or by the judge."""
        return any(self.covers(path[:length]) for length in range(1, len(path) + 1)) or self._judges(path, leaf)

    def _judges(self, path: Path, leaf: Any) -> bool:
        return self.judge is not None and self.judge(path, leaf)

    def redact(self, value: Any, path: Path = (), depth: int = _DEEPEST_SHOWN) -> Any:
        """A copy with dots for what is hidden."""
        if not isinstance(value, Mapping | list | tuple):
            return DOTS if self._judges(path, value) else value
        if depth == 0:
            return DOTS
        if isinstance(value, Mapping):
            return {key: self._member(member, (*path, str(key)), depth) for key, member in value.items()}
        copies = [self._member(member, (*path, str(place)), depth) for place, member in enumerate(value)]
        return copies if isinstance(value, list) else tuple(copies)

    def _member(self, member: Any, path: Path, depth: int) -> Any:
        return DOTS if self.covers(path) else self.redact(member, path, depth - 1)


FIXED = Rule()


def redact(value: Any, rule: Rule = FIXED) -> Any:
    """A copy to be shown: dots for the value of every key in which SENSITIVE is found, and for what `rule` hides.

    Takes any value; what lies more than 32 deep is dotted as well.
    """
    return rule.redact(value)


def hidden_texts(value: Any, shown: Any) -> Iterator[str]:
    """What is dotted in `shown`, a redacted copy of `value`: texts and numbers, as they would stand in a sentence."""
    if isinstance(shown, str) and shown == DOTS:
        yield from (text for text in _texts(value) if len(text) >= _SHORTEST and text != DOTS)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from hidden_texts(member, shown[key])
    elif isinstance(value, list | tuple):
        for member, copy in zip(value, shown, strict=True):
            yield from hidden_texts(member, copy)


def blot(text: str, hidden: Iterable[str]) -> str:
    """`text` with dots where one of these texts stands; the longest first, so that none is left in part."""
    for one in sorted(hidden, key=len, reverse=True):
        text = text.replace(one, DOTS)
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping | list | tuple):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(member)


def _leads(path: Path, end: Path) -> bool:
    """Whether `path` ends so. A place in a list that `end` does not name is passed over: `cards.number` is in each card."""
    at = len(path)
    for part in reversed(end):
        at -= 1
        while at >= 0 and part not in {"*", path[at].lower()} and path[at].isdigit():
            at -= 1
        if at < 0 or part not in {"*", path[at].lower()}:
            return False
    return True
