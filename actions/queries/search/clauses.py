"""Terms as SQL conditions: fixed texts and their values. Text is compared literally, whatever it holds.

Columns that an index would offer are wrapped (`|| ''`): the stream that is read decides about the index, not a condition
beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actions.queries.search.grammar import Query, Term, Value, identifier


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition with the values of its placeholders, in order."""

    sql: str
    params: tuple[Any, ...] = ()


NEVER = Clause("false")
LATE = 60.0
"""Seconds after which what is due is late."""


def storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text` at all; nothing equals or contains what it cannot."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def like(value: Value) -> str:
    """The LIKE pattern of a value: `*` is any text where it is a pattern, everything else is itself."""
    escaped = value.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%") if value.pattern else escaped


def id_at(moment: datetime) -> UUID:
    """The smallest id of an execution that was accepted at `moment` or later: ids begin with the time in milliseconds."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def clause_of(query: Query, term: Term, *, workflows: Callable[[], list[str]]) -> Clause:
    """What a term asks of a row. `workflows` gives the names of actions that are workflows."""
    values = tuple(value for value in term.values if storable(value.text))
    if not values or not all(map(storable, term.path)):
        found = NEVER
    elif term.field == "kind":
        found = any_of([_kind(value.text, workflows) for value in values])
    elif term.field == "is":
        found = any_of([_standing(query, value.text) for value in values])
    elif term.field in _TIMES:
        value = query.moment(values[0])
        found = Clause(_TIMES[term.field], (id_at(value) if term.field in {"after", "before"} else value,))
    elif term.field in _OF_IDS:
        found = Clause(_OF_IDS[term.field], ([identifier(value.text) for value in values],))
    elif term.field in _ALL_AT_ONCE:
        found = Clause(_ALL_AT_ONCE[term.field], ([value.text for value in values],))
    else:
        found = any_of([_TEXTS[term.field](value, term.path) for value in values])
    return Clause(f"(({found.sql}) IS NOT TRUE)", found.params) if term.negated else found


def any_of(clauses: list[Clause]) -> Clause:
    """What at least one of them asks; nothing fits none of none."""
    if not clauses:
        return NEVER
    sql = " OR ".join(clause.sql for clause in clauses)
    return Clause(f"({sql})", tuple(param for clause in clauses for param in clause.params))


# What is paused is read once for a search.
_LATE = (
    "(execution.status || '' IN ('queued', 'retrying') AND execution.available_at < %s"
    " AND execution.action_id || '' <> ALL (ARRAY(SELECT name FROM actions_action WHERE paused_at IS NOT NULL"
    " OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)))"
    " AND NOT execution.tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)"
    " AND execution.queue || '' <> ALL (ARRAY(SELECT name FROM actions_queue WHERE paused_at IS NOT NULL)))"
)
# The group of a failure is looked up only where anybody has said anything about a group: its fingerprint costs.
_GROUP_HANDLED = (
    "(EXISTS (SELECT FROM actions_errorgroup WHERE state <> 'open') AND coalesce(("
    "SELECT (said.state = 'resolved' AND execution.finished_at <= said.state_at)"
    " OR (said.state = 'ignored' AND (said.ignored_until IS NULL OR said.ignored_until > now()))"
    " FROM actions_errorgroup AS said"
    " WHERE said.fingerprint = actions_error_group(execution.action_id, execution.error)), false))"
)
OPEN = (
    "(coalesce(execution.status = 'failed', false) AND coalesce(execution.handled_attempt, -1) <> execution.attempt"
    " AND NOT " + _GROUP_HANDLED + ")"
)
"""A failure that nobody has handled: as search/unhandled.py finds them, asked of a row. By coalesce, so that the planner neither
takes execution_unhandled, whose order is another, nor expects so few that it would sort them all."""
_HANDLED = (
    "(execution.status || '' = 'failed' AND (execution.handled_attempt IS NOT DISTINCT FROM execution.attempt OR "
    + _GROUP_HANDLED
    + "))"
)
_TIMES = {
    "after": "execution.id >= %s::uuid",
    "before": "execution.id < %s::uuid",
    "finished-after": "execution.finished_at >= %s",
    "finished-before": "execution.finished_at < %s",
    "due-after": "execution.available_at >= %s",
    "due-before": "execution.available_at < %s",
}
_ALL_AT_ONCE = {
    "state": "execution.status || '' = ANY (%s::text[])",
    "trigger": "execution.actor_kind = ANY (%s::text[])",
    "group": "execution.error IS NOT NULL AND actions_error_group(execution.action_id, execution.error) = ANY (%s::text[])",
}
_OF_IDS = {
    "id": "execution.id = ANY (%s::uuid[])",
    "parent": "execution.parent_id = ANY (%s::uuid[])",
    "replay": "execution.replay_of_id = ANY (%s::uuid[])",
    "bulk": "execution.id IN (SELECT coalesce(made, execution_id) FROM actions_bulkitem"
    " WHERE operation_id = ANY (%s::uuid[]) AND outcome = 'done')",
}


def _standing(query: Query, name: str) -> Clause:
    if name == "late":
        return Clause(_LATE, (query.now - timedelta(seconds=LATE),))
    return Clause(OPEN if name == "open" else _HANDLED)


def _exact_or_like(equal: str, matches: str) -> Callable[[Value, tuple[str, ...]], Clause]:
    def clause(value: Value, _path: tuple[str, ...]) -> Clause:
        return Clause(matches, (like(value),)) if value.pattern else Clause(equal, (value.text,))

    return clause


def _error(value: Value, _path: tuple[str, ...]) -> Clause:
    inside = f"%{like(value)}%"
    # lower() of a constant is made once; ILIKE would do it for every row, which counts where the text is long.
    return Clause(
        "(lower(execution.error->>'message') LIKE lower(%s) OR execution.error->>'code' = %s"
        " OR lower(execution.error->>'class') LIKE lower(%s))",
        (inside, value.text, inside),
    )


def schedule_of(value: Value) -> str:
    """The id of the schedule that a value of `actor:` means, and nobody else; empty for every other value."""
    kind, _, number = value.text.partition(":")
    return number if kind == "schedule" and number.isdecimal() and number.isascii() and not value.pattern else ""


def _actor(value: Value, _path: tuple[str, ...]) -> Clause:
    if schedule := schedule_of(value):
        return Clause("(execution.actor_kind || '' = 'schedule' AND execution.actor_id || '' = %s)", (schedule,))
    return Clause(
        "(lower(execution.actor_label) LIKE lower(%s) OR execution.actor_id = %s"
        " OR execution.actor_kind || ':' || execution.actor_id = %s)",
        (f"{like(value)}%", value.text, value.text),
    )


def _input(value: Value, path: tuple[str, ...]) -> Clause:
    if value.pattern:
        # Not in the text of a whole object, in which what is hidden stands as well.
        return Clause(
            "(execution.params #>> %s::text[] LIKE %s"
            " AND jsonb_typeof(execution.params #> %s::text[]) NOT IN ('object', 'array'))",
            (list(path), like(value), list(path)),
        )
    return Clause("execution.params #>> %s::text[] = %s", (list(path), value.text))


def _kind(kind: str, workflows: Callable[[], list[str]]) -> Clause:
    if kind == "workflow":
        return Clause("execution.action_id || '' = ANY (%s::text[])", (workflows(),))
    return Clause("execution.parent_id IS NULL" if kind == "top" else "execution.parent_id IS NOT NULL")


_TEXTS: dict[str, Callable[[Value, tuple[str, ...]], Clause]] = {
    "action": _exact_or_like("execution.action_id || '' = %s", "execution.action_id || '' LIKE %s"),
    "queue": _exact_or_like("execution.queue || '' = %s", "execution.queue || '' LIKE %s"),
    "tag": _exact_or_like(
        "%s::text = ANY (execution.tags)",
        "EXISTS (SELECT FROM unnest(execution.tags) AS tag (name) WHERE tag.name LIKE %s)",
    ),
    "key": _exact_or_like("execution.idempotency_key = %s", "execution.idempotency_key LIKE %s"),
    "error": _error,
    "actor": _actor,
    "input": _input,
}
