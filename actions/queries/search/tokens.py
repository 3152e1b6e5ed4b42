"""Text to tokens: words, and fields with their values, each with its place."""

import re
from dataclasses import dataclass

_SPACE = re.compile(r"\s+")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)((?:\.[^\s:\",]*)?):")
_BARE = re.compile(r'[^\s,"]+')
_WORD = re.compile(r'[^\s"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Part:
    """One value as it was written: quoted text is never a pattern."""

    text: str
    quoted: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A field (`name`, `path` behind its first dot) with its values, or a word, whose name is empty."""

    name: str
    path: str
    parts: tuple[Part, ...]
    negated: bool
    start: int
    end: int
    unclosed: bool = False
    """Whether a quotation mark has no second one; the text goes to the end then."""


def tokens_of(text: str) -> list[Token]:
    """The tokens of a query. Takes any text."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        space = _SPACE.match(text, at)
        if space:
            at = space.end()
            continue
        token = _token(text, at)
        found.append(token)
        at = token.end
    return found


def _token(text: str, start: int) -> Token:
    negated = text[start] == "-" and len(text) > start + 1 and not text[start + 1].isspace()
    at = start + negated
    field = _FIELD.match(text, at)
    if field is None:
        part, unclosed = _part(text, at, _WORD)
        return Token("", "", (part,), negated, start, part.end, unclosed)
    parts, end, unclosed = _parts(text, field.end())
    return Token(field[1], field[2][1:], parts, negated, start, end, unclosed)


def _parts(text: str, at: int) -> tuple[tuple[Part, ...], int, bool]:
    """Values with commas between them, from `at` up to a space; an empty one where nothing stands."""
    parts: list[Part] = []
    while True:
        part, unclosed = _part(text, at, _BARE)
        parts.append(part)
        at = part.end
        if unclosed or text[at : at + 1] != ",":
            return tuple(parts), at, unclosed
        at += 1


def _part(text: str, at: int, bare: re.Pattern[str]) -> tuple[Part, bool]:
    if text[at : at + 1] == '"':
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            return Part(_ESCAPE.sub(r"\1", text[at + 1 :]), True, at, len(text)), True
        return Part(_ESCAPE.sub(r"\1", quoted[1]), True, at, quoted.end()), False
    found = bare.match(text, at)
    end = found.end() if found else at
    return Part(text[at:end], False, at, end), False
