"""What a search needs to know of the catalogue, and what its free words mean."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from actions.ids import public_id
from actions.models import Action
from actions.queries.search.clauses import storable
from actions.queries.search.grammar import Query, Term, Value, identifier

_LONGEST_KEY = 255

_BY_KEY = """
SELECT id FROM actions_execution WHERE idempotency_key = ANY (%s::text[]) AND idempotency_key IS NOT NULL
"""
_KNOWN = """
SELECT DISTINCT idempotency_key FROM actions_execution
WHERE idempotency_key = ANY (%s::text[]) AND idempotency_key IS NOT NULL
"""


class Catalogue:
    """Names of actions and which are workflows, read once when somebody asks."""

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Kind by name."""
        return dict(Action.objects.order_by("name").values_list("name", "kind"))

    def workflows(self) -> list[str]:
        """The names of workflows."""
        return [name for name, kind in self.kinds.items() if kind == "workflow"]

    def matching(self, values: tuple[Value, ...]) -> list[str]:
        """The names that values mean: themselves, or what fits a pattern."""
        found = [value.text for value in values if not value.pattern]
        for value in values:
            if value.pattern:
                found += [name for name in self.kinds if fits(value.text, name)]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Meaning:
    """A query whose free words are terms by now, and sentences that say how they were read."""

    query: Query
    sentences: tuple[str, ...] = field(default=())


def fits(pattern: str, name: str) -> bool:
    """Whether a name is one that the pattern means, where only `*` is special."""
    literal = "".join(f"[{character}]" if character in "?[" else character for character in pattern)
    return fnmatchcase(name, literal)


def by_keys(keys: list[str]) -> list[UUID]:
    """The executions with exactly these idempotency keys, whosoever they are."""
    return _of_keys(_BY_KEY, keys)


def _of_keys(statement: str, keys: list[str]) -> list[Any]:
    possible = [key for key in keys if len(key) <= _LONGEST_KEY and storable(key)]
    if not possible:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [possible])
        return [row[0] for row in cursor.fetchall()]


def meaning_of(query: Query, catalogue: Catalogue) -> Meaning:
    """Read free words: an id; else an idempotency key that exists; else a part of an action's name; else of an error."""
    if not any(query.of("")):
        return Meaning(query)
    words = [term.values[0].text for term in query.of("")]
    keyed = set(_of_keys(_KNOWN, [word for word in dict.fromkeys(words) if identifier(word) is None]))
    terms: list[Term] = []
    sentences: list[str] = []
    for term in query.terms:
        if term.field:
            terms.append(term)
            continue
        word = term.values[0].text
        field_, values, what = _read(word, word in keyed, catalogue)
        terms.append(Term(field_, values, term.negated, (), term.start, term.end))
        shown = word if len(word) <= 40 else f"{word[:40]}…"
        sentences.append(f"“{shown.replace(chr(0), '␀')}” was read as {what}.")
    return Meaning(Query(tuple(terms), query.zone, query.now), tuple(sentences))


def _read(word: str, is_key: bool, catalogue: Catalogue) -> tuple[str, tuple[Value, ...], str]:
    found = identifier(word)
    if found is not None:
        return "id", (Value(public_id(found)),), "an id"
    if is_key:
        return "key", (Value(word),), "an idempotency key"
    names = [name for name in catalogue.kinds if word.lower() in name.lower()] if len(word) <= 100 else []
    if names:
        return (
            "action",
            tuple(Value(name) for name in names),
            "a part of an action’s name; write error: to search errors",
        )
    return "error", (Value(word),), "a text in an error"
