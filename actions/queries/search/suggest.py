"""What may stand where the cursor is: fields, statuses, names of actions, queues and tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from actions import narrowing
from actions.queries.search import fields
from actions.queries.search.clauses import storable
from actions.queries.search.grammar import Value
from actions.queries.search.tokens import Part, Token, tokens_of

MOST = 12
_TIMES = ("-1h", "-24h", "-7d", "today", "yesterday")
# Tags as the planner's statistics know them: the common ones, as old as the last ANALYZE.
_NAMES = """
SELECT 'action', name, description FROM actions_action
UNION ALL SELECT 'queue', name, '' FROM actions_queue
UNION ALL SELECT 'tag', tag, '' FROM pg_stats, unnest(most_common_elems::text::text[]) AS tag
WHERE schemaname = current_schema() AND tablename = 'actions_execution' AND attname = 'tags'
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` in the place of what stands from `start` to `end`; `says` is for the reader."""

    text: str
    says: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Names:
    """What there is: name and description of actions, names of queues, common tags."""

    actions: tuple[tuple[str, str], ...] = ()
    queues: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def suggestions(text: str, cursor: int) -> list[Suggestion]:
    """What may stand at the cursor, the likeliest first, at most MOST; one query, and none for fields and statuses."""
    place = _place(text, cursor)
    if place is None:
        return []
    needs = fields.named(place[0]) if place[0] else None
    return suggest(text, cursor, names() if needs and needs.name in {"action", "queue", "tag"} else Names())


def names() -> Names:
    """The names that may be suggested, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES)
        found = cursor.fetchall()
    return Names(
        tuple((name, says) for kind, name, says in found if kind == "action" and not narrowing.hidden(name)),
        tuple(name for kind, name, _ in found if kind == "queue"),
        tuple(name for kind, name, _ in found if kind == "tag"),
    )


def suggest(text: str, cursor: int, known: Names) -> list[Suggestion]:
    """The same from known names. Pure."""
    place = _place(text, cursor)
    if place is None:
        return []
    name, part = place
    if not name:
        sign = "-" if part.text.startswith("-") else ""
        typed = part.text.removeprefix("-").lower()
        offered = [
            (f"{sign}{field.name}{'.' if field.name == fields.INPUT else ':'}", field.says)
            for field in _starting(typed)
        ]
        return [Suggestion(text_, says, part.start, part.end) for text_, says in offered][:MOST]
    field = fields.named(name)
    if field is None:
        return []
    found = _fitting(part.text, _offered(field, known))
    return [Suggestion(str(Value(text_)), says, part.start, part.end) for text_, says in found][:MOST]


def _place(text: str, cursor: int) -> tuple[str, Part] | None:
    """The name of the field in which the cursor stands (empty: in a word, or in none), and what stands there so far."""
    if not storable(text):
        return None
    at = max(0, min(cursor, len(text)))
    for token in tokens_of(text[:at]):
        if token.end == at:
            part = token.parts[-1]
            return (token.name, part) if token.name else ("", Part(_typed(text, token, at), False, token.start, at))
    return "", Part("", False, at, at)


def _typed(text: str, token: Token, at: int) -> str:
    return text[token.start : at]


def _starting(typed: str) -> Iterable[fields.Field]:
    first = [field for field in fields.FIELDS.values() if field.name.startswith(typed)]
    return first or [field for field in fields.FIELDS.values() if any(name.startswith(typed) for name in field.aliases)]


def _offered(field: fields.Field, known: Names) -> Sequence[tuple[str, str]]:
    if field.choices:
        return [(choice, fields.STANDINGS.get(choice, "")) for choice in field.choices]
    if field.name in fields.TIMES:
        return [(time, "") for time in _TIMES]
    if field.name == "action":
        return known.actions
    return [(name, "") for name in {"queue": known.queues, "tag": known.tags}.get(field.name, ())]


def _fitting(typed: str, offered: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    wanted = typed.lower()
    begin = [one for one in offered if one[0].lower().startswith(wanted)]
    return begin + [one for one in offered if wanted in one[0].lower() and one not in begin]
