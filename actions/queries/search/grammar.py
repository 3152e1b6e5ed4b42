"""The grammar: text to a Query and back. Asks nothing of the database; docs/search.md tells people about it."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from uuid import UUID

from actions.errors import InvalidInput, Problem
from actions.ids import parse_id, public_id
from actions.queries.search import fields
from actions.queries.search.moments import FORMS, moment_of
from actions.queries.search.tokens import Part, Token, tokens_of
from actions.redaction import rule

LONGEST = 20_000
"""Characters of a query."""
MOST_TERMS = 50
MOST_VALUES = 200
_NAME = re.compile(r"[^\s:\",]+")
_PLAIN = re.compile(r'[^\s,"*]+')


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a part of a query: from `start` to `end`, and the text to put in its place (may be empty)."""

    start: int
    end: int
    message: str
    suggestion: str = ""


class InvalidQuery(InvalidInput):
    """The search cannot be read; `faults` has everything that is wrong with it."""

    def __init__(self, text: str, faults: list[Fault]) -> None:
        self.text = text
        self.faults = tuple(faults)
        problems = [Problem("invalid_query", "q", f"{one.message} (character {one.start + 1})") for one in faults]
        super().__init__("invalid_query", " ".join(one.message for one in faults), problems=problems)


@dataclass(frozen=True, slots=True)
class Value:
    """What a term asks for. In a pattern `*` stands for any text, and nothing else is special."""

    text: str
    pattern: bool = False

    def __str__(self) -> str:
        if self.pattern or (_PLAIN.fullmatch(self.text) and self.text.isprintable()):
            return self.text
        return _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any of the values. The field of a free word is empty."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False
    path: tuple[str, ...] = ()
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if not self.field:
            (value,) = self.values
            bare = str(value)
            risky = bare.startswith("-") or ":" in bare
            return sign + (_quoted(value.text) if risky and not bare.startswith('"') else bare)
        name = ".".join((self.field, *self.path))
        return f"{sign}{name}:{','.join(map(str, self.values))}"


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for: all of the terms. `str` gives a text that reads as the same query."""

    terms: tuple[Term, ...] = ()
    zone: tzinfo = dataclasses.field(default=UTC, compare=False)
    now: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC), compare=False)

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def of(self, name: str) -> Iterator[Term]:
        """The terms of a field, negated ones too."""
        return (term for term in self.terms if term.field == name)

    def without(self, *names: str) -> "Query":
        """The same without the terms of these fields."""
        return Query(tuple(term for term in self.terms if term.field not in names), self.zone, self.now)

    def having(self, name: str, *values: str) -> "Query":
        """The same with one more term, whose values are taken literally."""
        added = Term(name, tuple(Value(value) for value in values))
        return Query((*self.terms, added), self.zone, self.now)

    @property
    def statuses(self) -> tuple[str, ...] | None:
        """The statuses that its terms leave, in the order of the chart; None when it names none."""
        named = list(self.of("state"))
        if not named:
            return None
        left = set(fields.FIELDS["state"].choices)
        for term in named:
            asked = {value.text for value in term.values}
            left = left - asked if term.negated else left & asked
        return tuple(status for status in fields.FIELDS["state"].choices if status in left)

    def moment(self, value: Value) -> datetime:
        """The time that a value of this query means."""
        found = moment_of(value.text, zone=self.zone, now=self.now)
        assert found is not None, "parse has read it"
        return found


def parse(text: str, *, zone: tzinfo = UTC, now: datetime | None = None, payload: bool = True) -> Query:
    """The query that `text` means to a reader in `zone` at `now`.

    `payload` is false for readers who may not see params: they may not search in them either. Raises InvalidQuery with all
    faults at once.
    """
    now = now or datetime.now(UTC)
    if len(text) > LONGEST:
        raise InvalidQuery(text, [Fault(LONGEST, len(text), f"A search has at most {LONGEST:,} characters.")])
    tokens = tokens_of(text)
    faults: list[Fault] = []
    if len(tokens) > MOST_TERMS:
        start = tokens[MOST_TERMS].start
        raise InvalidQuery(text, [Fault(start, len(text), f"A search has at most {MOST_TERMS} terms.")])
    terms = tuple(term for token in tokens if (term := _term(token, zone, now, payload, faults)) is not None)
    if faults:
        raise InvalidQuery(text, faults)
    return Query(terms, zone, now)


def identifier(text: str) -> UUID | None:
    """The id that `text` names: a public id, or a UUID as text."""
    return parse_id(text) or _uuid(text)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) <= 45 else None
    except ValueError:
        return None


def _term(token: Token, zone: tzinfo, now: datetime, payload: bool, faults: list[Fault]) -> Term | None:
    if token.unclosed:
        faults.append(Fault(token.start, token.end, "A quotation mark is opened and not closed.", '"'))
        return None
    if not token.name:
        return _word(token)
    known = fields.named(token.name)
    if known is None:
        near = fields.nearest(token.name)
        hint = f"Did you mean {near}?" if near else f"There are {', '.join(fields.FIELDS)}."
        message = f"There is no field {token.name[:40]}. {hint} To search for the text itself, put it in quotes."
        faults.append(Fault(token.start, token.end, message, f"{near}:" if near else ""))
        return None
    path = _path(token, known, payload, faults)
    if path is None:
        return None
    if len(token.parts) > MOST_VALUES:
        faults.append(Fault(token.start, token.end, f"{known.name}: takes at most {MOST_VALUES} values."))
        return None
    if known.name == fields.INPUT and any(rule().hides(path, part.text) for part in token.parts):
        # Who may search in what is hidden can guess it letter by letter.
        message = f"{known.name}.{'.'.join(path)[:60]} is hidden in this installation, and so cannot be searched in."
        faults.append(Fault(token.start, token.end, message))
        return None
    before = len(faults)
    values = tuple(dict.fromkeys(_value(part, known, zone, now, faults) for part in token.parts))
    if known.name in fields.TIMES and len(values) > 1:
        faults.append(Fault(token.start, token.end, f"{known.name}: takes one time."))
    return None if len(faults) > before else Term(known.name, values, token.negated, path, token.start, token.end)


def _word(token: Token) -> Term | None:
    (part,) = token.parts
    return Term("", (Value(part.text),), token.negated, (), token.start, token.end) if part.text else None


def _path(token: Token, known: fields.Field, payload: bool, faults: list[Fault]) -> tuple[str, ...] | None:
    if known.name != fields.INPUT:
        if token.path:
            faults.append(Fault(token.start, token.end, f"{known.name}: has no path.", f"{known.name}:"))
            return None
        return ()
    if not payload:
        message = "You may not see params, and so not search in them; ask an administrator for the permission."
        faults.append(Fault(token.start, token.end, message))
        return None
    steps = tuple(token.path.split(".")) if token.path else ()
    if not steps or not all(steps) or len(steps) > 32:
        message = f"{known.name} needs the path of a param, such as {known.example}."
        faults.append(Fault(token.start, token.end, message, "input."))
        return None
    return steps


def _value(part: Part, known: fields.Field, zone: tzinfo, now: datetime, faults: list[Fault]) -> Value:
    """A value that the field takes; what it does not take is added to `faults`."""
    text = part.text
    if not text.strip() and not part.quoted:
        faults.append(Fault(part.start, part.end, f"{known.name}: has no value here, such as {known.example}."))
    elif known.choices:
        text = "_".join(text.lower().replace("-", " ").split())
        if text not in known.choices:
            near = fields.nearest(text, known.choices)
            hint = f"Did you mean {near}?" if near else f"There are {', '.join(known.choices)}."
            shown = part.text[:40]
            faults.append(Fault(part.start, part.end, f"{shown!r} is no value of {known.name}. {hint}", near))
    elif known.name in fields.TIMES:
        if moment_of(text, zone=zone, now=now) is None:
            faults.append(Fault(part.start, part.end, f"{text[:40]!r} is no time; write {FORMS}."))
        text = text.strip()
    elif known.name in fields.IDS:
        found = identifier(text)
        if found is None:
            known_by = "its page has its id in the address" if known.name == "bulk" else "ids begin with exec_"
            faults.append(Fault(part.start, part.end, f"{text[:40]!r} is no id; {known_by}."))
        else:
            text = str(found) if known.name == "bulk" else public_id(found)
    elif known.name == "group":
        text = text.strip().lower()
        if not fields.GROUP.fullmatch(text):
            faults.append(Fault(part.start, part.end, f"{text[:40]!r} is no group of failures; it has 32 hex digits."))
    return Value(text, known.patterns and not part.quoted and "*" in text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
