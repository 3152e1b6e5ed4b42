"""Pauses by tag, beside the actions that they hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, JSONField, Q, QuerySet, Value

from actions import narrowing
from actions.models import Action, Tag

MOST_TAGS = 200

_TAGS = """
WITH carried AS (
  SELECT tag, count(*) AS actions FROM actions_action, jsonb_array_elements_text(tags) AS tag
  WHERE declared AND name LIKE ANY (%(likes)s::text[]) GROUP BY tag)
SELECT coalesce(carried.tag, paused.name), coalesce(carried.actions, 0), paused_at, paused_by, paused_reason, paused_until
FROM carried FULL JOIN (SELECT * FROM actions_tag WHERE paused_at IS NOT NULL) AS paused ON paused.name = carried.tag
WHERE %(whole)s OR carried.tag IS NOT NULL
ORDER BY paused_at IS NULL, 1 LIMIT %(most)s
"""


class _Tags(JSONField):
    """Rows of tags, as PostgreSQL writes them in JSON."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[Tag]:
        """The tags."""
        times = ("paused_at", "paused_until")
        return [
            Tag(**{**row, **{time: datetime.fromisoformat(row[time]) for time in times if row[time]}})
            for row in super().from_db_value(value, expression, connection)
        ]


class _Paused(Func):
    """The paused ones among an action's tags and some others, those paused first in front."""

    template = (
        "(SELECT coalesce(jsonb_agg(to_jsonb(tag) ORDER BY tag.paused_at), '[]') "
        "FROM (SELECT %(expressions)s) AS given (own, others) JOIN actions_tag AS tag "
        "ON tag.paused_at IS NOT NULL AND (given.own ? tag.name OR given.others ? tag.name))"
    )


class _IsPaused(Func):
    """Whether one of an action's tags is paused."""

    template = "%(expressions)s ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)"


def with_tags(rows: QuerySet[Action], *, others: list[str] | None = None) -> QuerySet[Action]:
    """Actions whose `tag_pauses` are filled; `others` are the tags of an execution."""
    given = Value(others or [], output_field=JSONField())
    return rows.annotate(paused_tags=_Paused(F("tags"), given, output_field=_Tags()))


def held() -> Q:
    """Actions of which nothing starts: paused, or with a tag that is."""
    return Q(paused_at__isnull=False) | Q(_IsPaused(F("tags"), output_field=BooleanField()))


def tag(name: str) -> Tag:
    """The row of a tag, a new one where it was never paused."""
    known = None if "\x00" in name else Tag.objects.filter(pk=name).first()
    return known or Tag(name=name)


@dataclass(frozen=True, slots=True)
class TagState:
    """A tag of declared actions, or one that is paused."""

    name: str
    actions: int
    """How many have it."""
    paused_at: datetime | None
    paused_by: str | None
    paused_reason: str | None
    paused_until: datetime | None


def tags() -> list[TagState]:
    """Every tag that an action has or that is paused, the paused ones first; for who sees only some actions, theirs."""
    likes = narrowing.likes()
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, {"likes": ["%"] if likes is None else likes, "whole": likes is None, "most": MOST_TAGS})
        return [TagState(*row) for row in cursor.fetchall()]
