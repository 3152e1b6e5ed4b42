"""The audit, filtered and paged: newest first, the same cost at any size."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.errors import InvalidInput
from actions.ids import public_id
from actions.models.audit import USUAL
from actions.queries import runs
from actions.queries.search.clauses import NEVER, Clause, like, storable
from actions.queries.search.cursors import Place, place_of
from actions.queries.search.fields import TRIGGERS
from actions.queries.search.grammar import Fault, InvalidQuery, Value, identifier
from actions.queries.search.moments import FORMS, moment_of
from actions.queries.search.plan import EVERYTHING, Allowed, reader
from actions.redaction import hide

LARGEST_PAGE = 200
WINDOW = 20_000
"""Entries that a page looks at, where no index answers all that is asked."""
_LARGEST_ID = (1 << 63) - 1

_SELECT = """SELECT id, at, verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data, xid
FROM actions_auditentry AS entry WHERE """
_SELECT_ID = "SELECT id FROM actions_auditentry AS entry WHERE "
_LIMIT = " LIMIT %s"
_NTH = " OFFSET %s LIMIT 1"
_UNUSUAL = """NOT (entry.verb IN ('execution.accepted', 'execution.resumed', 'execution.started', 'execution.succeeded',
  'execution.suspended', 'execution.unblocked'))"""
_VERBS = "SELECT found.* FROM unnest(%s::text[]) AS stream (name) CROSS JOIN LATERAL ("
_VERBS_END = ") AS found ORDER BY id "
_RUN = "SELECT found.* FROM unnest(%s::uuid[]) AS stream (id) CROSS JOIN LATERAL ("
# Entries come in the order of their ids, but for the time that a statement takes: so the id at a time is found by halving.
_ID_AT = """
SELECT CASE WHEN asked.at IS NULL THEN 0 ELSE (
  WITH RECURSIVE halving (low, high) AS (
    SELECT (SELECT coalesce(min(id), 0) FROM actions_auditentry), (SELECT coalesce(max(id), 0) + 1 FROM actions_auditentry)
    UNION ALL
    SELECT CASE WHEN middle.at < asked.at THEN middle.id + 1 ELSE low END,
      CASE WHEN middle.at < asked.at THEN high ELSE low + (high - low) / 2 END
    FROM halving CROSS JOIN LATERAL (
      SELECT id, at FROM actions_auditentry WHERE id >= low + (high - low) / 2 ORDER BY id LIMIT 1) AS middle
    WHERE low < high
  )
  SELECT max(low) FROM halving) END
FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS asked (at, place) ORDER BY place
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the audit; empty fields ask nothing. `*` in verb, actor and action stands for any text."""

    actor: str = ""
    """A label, an id, or kind:id."""
    trigger: str = ""
    """A kind of actor."""
    verb: str = ""
    action: str = ""
    execution: UUID | None = None
    after: datetime | None = None
    before: datetime | None = None
    request: str = ""
    """All that was done in the request of this id."""
    operation: str = ""
    """All that a bulk operation did."""
    xid: int | None = None
    """All that was written in one transaction."""
    run: UUID | None = None
    """All of an execution and of the steps below it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit; `data` has no secrets."""

    id: int
    at: datetime
    verb: str
    actor_kind: str
    actor_id: str
    actor_label: str
    execution_id: UUID | None
    action: str
    attempt: int | None
    reason: str
    data: Any
    xid: int = 0
    """The transaction that wrote it."""

    @property
    def execution(self) -> str:
        """The public id of the execution that it is about, else empty."""
        return public_id(self.execution_id) if self.execution_id else ""

    def as_dict(self) -> dict[str, Any]:
        """As the API and exports give it."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "verb": self.verb,
            "actor": {"kind": self.actor_kind, "id": self.actor_id, "label": self.actor_label},
            "execution": self.execution or None,
            "action": self.action or None,
            "attempt": self.attempt,
            "reason": self.reason,
            "data": self.data,
            "xid": self.xid,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, with the cursors of the pages beside it (None: there is none)."""

    entries: tuple[Entry, ...]
    next: str | None
    previous: str | None
    limited: bool
    """Whether the page stopped at the end of its window; `next` goes on from there."""


def question_of(given: Mapping[str, str], *, zone: tzinfo = UTC, now: datetime | None = None) -> Question:
    """The question that the fields of a form or a query string ask (actor, trigger, verb, action, execution, after, before,
    request, operation, xid, run).

    Raises InvalidQuery with everything that cannot be read.
    """
    now = now or datetime.now(UTC)
    faults: list[Fault] = []
    executions: dict[str, UUID | None] = {}
    for name in ("execution", "run"):
        text = given.get(name, "").strip()
        executions[name] = identifier(text) if text else None
        if text and executions[name] is None:
            faults.append(Fault(0, 0, f"{text[:40]!r} is no id of an execution."))
    number = given.get("xid", "").strip()
    xid = int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None
    if number and (xid is None or xid > _LARGEST_ID):
        faults.append(Fault(0, 0, f"{number[:40]!r} is no number of a transaction."))
    trigger = given.get("trigger", "").strip()
    if trigger and trigger not in TRIGGERS:
        faults.append(Fault(0, 0, f"{trigger[:40]!r} is no kind of actor; there are {', '.join(TRIGGERS)}."))
    times: dict[str, datetime | None] = {}
    for name in ("after", "before"):
        word = given.get(name, "").strip()
        times[name] = moment_of(word, zone=zone, now=now) if word else None
        if word and times[name] is None:
            faults.append(Fault(0, 0, f"{name}: {word[:40]!r} is no time; write {FORMS}."))
    if faults:
        raise InvalidQuery("", faults)
    texts = {name: given.get(name, "").strip() for name in ("actor", "verb", "action", "request", "operation")}
    return Question(
        **texts,
        trigger=trigger,
        execution=executions["execution"],
        run=executions["run"],
        after=times["after"],
        before=times["before"],
        xid=xid,
    )


def page(question: Question, *, cursor: str = "", limit: int = 50, allowed: Allowed | None = EVERYTHING) -> Page:
    """Entries that answer the question and that the reader may see, newest first. Raises InvalidQuery, InvalidInput."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput("invalid_query", f"limit lies between 1 and {LARGEST_PAGE}, not {limit}.", path="limit")
    place = place_of(cursor, by_end=False)
    if place is not None and place.id.int > _LARGEST_ID:
        raise InvalidQuery(cursor, [Fault(0, 0, "This cursor is of no page of the audit; begin with the first page.")])
    found, end = _read(_plan(question, allowed), place, limit + 1)
    back = bool(place and place.back)
    entries = found[:limit][::-1] if back else found[:limit]
    more = len(found) > limit
    on = home = None
    if more:
        on = _beside(entries[0 if back else -1].id, back=back)
    elif end is not None:
        on = _beside(end, back=back)
    if place is not None:
        home = _beside(entries[-1 if back else 0].id, back=not back) if entries else str(place.turned)
    limited = len(found) < limit and end is not None
    return Page(tuple(entries), home if back else on, on if back else home, limited)


def every(question: Question, *, allowed: Allowed | None = EVERYTHING, size: int = 2_000) -> Iterator[Entry]:
    """All entries that answer the question, newest first, `size` at a time: constant memory, no long transaction."""
    plan = _plan(question, allowed)
    place: Place | None = None
    while True:
        found, end = _read(plan, place, size)
        yield from found
        if len(found) == size:
            place = Place(UUID(int=found[-1].id))
        elif end is not None:
            place = Place(UUID(int=end))
        else:
            return


def entry(number: int) -> Entry | None:
    """One entry by its id."""
    if not 0 < number <= _LARGEST_ID:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + "entry.id = %s", [number])
        row = cursor.fetchone()
    found = entry_of(row) if row else None
    return None if found is None or narrowing.hidden(found.action) else found


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Clause
    order: tuple[str, ...]
    rest: tuple[Clause, ...] = ()
    bounds: tuple[Clause, ...] = ()
    verbs: tuple[str, ...] = ()
    run: tuple[UUID, ...] | None = None
    """The executions whose entries are read, each as a stream of its own."""


def _plan(question: Question, allowed: Allowed | None) -> _Plan:
    allowed = reader() if allowed is EVERYTHING else allowed
    plan, answered = _stream(question)
    rest = [_text(name, getattr(question, name)) for name in ("verb", "action", "actor") if name not in answered]
    for name, sql in _EXACT.items():
        asked = getattr(question, name)
        if asked and name not in answered:
            wanted = list(runs.below(asked)) if name == "run" else asked
            rest.append(Clause(sql, (wanted,)) if not isinstance(asked, str) or storable(asked) else NEVER)
    if allowed is not None:
        exact = [name for name in allowed.names if not name.endswith("*")]
        begin = [like(Value(name, pattern=True)) for name in allowed.names if name.endswith("*")]
        rest.append(Clause("(entry.action = ANY (%s::text[]) OR entry.action LIKE ANY (%s::text[]))", (exact, begin)))
    bounds: list[Clause] = []
    first, last = _ids_at(question.after, question.before)
    for moment, id_, sql, at in (
        (question.after, first, "entry.id >= %s", "entry.at >= %s"),
        (question.before, last, "entry.id < %s", "entry.at < %s"),
    ):
        if moment is not None:
            bounds.append(Clause(sql, (id_,)))
            rest.append(Clause(at, (moment,)))
    return replace(plan, rest=tuple(clause for clause in rest if clause is not None), bounds=tuple(bounds))


def _text(name: str, text: str) -> Clause | None:
    """What a text asks for: the same text, or with `*` one that fits."""
    if not text:
        return None
    if not storable(text):
        return NEVER
    value = Value(text, "*" in text)
    sql = _TEXTS[name][value.pattern]
    return Clause(sql, (like(value) if value.pattern else text,) * sql.count("%s"))


def _stream(question: Question) -> tuple[_Plan, set[str]]:
    """The index that answers most of the question, and the fields that it answers whole."""
    for name, (column, marked) in _MARKED.items():
        text = getattr(question, name)
        if text and storable(text):
            return _Plan(Clause(marked, (text, text)), (column, "entry.id")), {name}
    if question.xid is not None:
        return _Plan(Clause("entry.xid >= %s AND entry.xid <= %s", (question.xid,) * 2), ("entry.xid", "entry.id")), {
            "xid"
        }
    if question.run is not None:
        where = Clause("entry.execution_id >= stream.id AND entry.execution_id <= stream.id")
        return _Plan(where, ("entry.execution_id", "entry.id"), run=runs.below(question.run)), {"run"}
    if question.execution is not None:
        where = Clause("entry.execution_id >= %s AND entry.execution_id <= %s", (question.execution,) * 2)
        return _Plan(where, ("entry.execution_id", "entry.id")), {"execution"}
    if question.verb and "*" not in question.verb and question.verb not in USUAL and storable(question.verb):
        where = Clause("entry.verb >= stream.name AND entry.verb <= stream.name AND " + _UNUSUAL)
        return _Plan(where, ("entry.verb", "entry.id"), verbs=(question.verb,)), {"verb"}
    if question.trigger == "user" or (question.actor.startswith("user:") and "*" not in question.actor):
        return _Plan(Clause("entry.actor_kind = 'user'"), ("entry.id",)), {
            "trigger"
        } if question.trigger == "user" else set()
    return _Plan(Clause("true"), ("entry.id",)), set()


def _read(plan: _Plan, place: Place | None, number: int) -> tuple[list[Entry], int | None]:
    """The first entries from a place on, and the id where the window ends (None: it reaches to the end)."""
    if NEVER in plan.rest:
        return [], None
    down = not (place and place.back)
    bounds = list(plan.bounds)
    if place is not None:
        bounds.append(Clause("entry.id < %s" if down else "entry.id > %s", (place.id.int,)))
    end = None
    with connection.cursor() as cursor:
        if plan.rest and plan.run is None:
            cursor.execute(*_statement(plan, bounds, down, _NTH, WINDOW - 1))
            row = cursor.fetchone()
            if row is not None:
                end = row[0]
                bounds.append(Clause("entry.id >= %s" if down else "entry.id <= %s", (end,)))
        cursor.execute(*_statement(plan, [*bounds, *plan.rest], down, _LIMIT, number))
        return [entry_of(row) for row in cursor.fetchall()], end


def _statement(plan: _Plan, clauses: list[Clause], down: bool, last: str, number: int) -> tuple[str, list[Any]]:
    way = " DESC" if down else ""
    asked = "".join(" AND " + clause.sql for clause in clauses)
    order = " ORDER BY " + ", ".join(column + way for column in plan.order)
    sql = (_SELECT_ID if last is _NTH else _SELECT) + plan.where.sql + asked + order + last
    params = [*plan.where.params, *(param for clause in clauses for param in clause.params), number]
    if plan.run is not None:
        return _RUN + sql + _VERBS_END + way + _LIMIT, [list(plan.run), *params, number]
    if plan.verbs:
        return _VERBS + sql + _VERBS_END + way, [list(plan.verbs), *params]
    return sql, params


def _ids_at(after: datetime | None, before: datetime | None) -> tuple[int, int]:
    """The ids of the first entries at two moments, a minute early and late, because entries are not quite in the order of time.

    One statement, and none where no moment is asked for.
    """
    if after is None and before is None:
        return 0, 0
    moments = [None if moment is None else _at(moment, slack) for moment, slack in ((after, -60), (before, 60))]
    with connection.cursor() as cursor:
        cursor.execute(_ID_AT, [moments])
        first, last = (row[0] for row in cursor.fetchall())
    return first, last


def _at(moment: datetime, slack: int) -> datetime:
    return datetime.fromtimestamp(min(max(moment.timestamp() + slack, 0), 253_402_300_000), UTC)


def entry_of(row: tuple[Any, ...]) -> Entry:
    """An entry by its columns, in the order of the fields."""
    *columns, data, xid = row
    return Entry(*(*columns, hide(json.loads(data) if isinstance(data, str) else data), xid))


def _beside(id_: int, *, back: bool) -> str:
    return str(Place(UUID(int=id_), None, back))


_TEXTS: dict[str, tuple[str, str]] = {
    "verb": ("entry.verb || '' = %s", "entry.verb || '' LIKE %s"),
    "action": ("entry.action = %s", "entry.action LIKE %s"),
    "actor": (
        "(lower(entry.actor_label) = lower(%s) OR entry.actor_id = %s OR entry.actor_kind || ':' || entry.actor_id = %s)",
        "lower(entry.actor_label) LIKE lower(%s)",
    ),
}
_MARKED = {
    "request": (
        "entry.data->>'request'",
        "entry.data ? 'request' AND entry.data->>'request' >= %s AND entry.data->>'request' <= %s",
    ),
    "operation": (
        "entry.data->>'operation'",
        "entry.data ? 'operation' AND entry.data->>'operation' >= %s AND entry.data->>'operation' <= %s",
    ),
}
_EXACT = {
    "trigger": "entry.actor_kind = %s",
    "execution": "entry.execution_id = %s",
    "request": "entry.data->>'request' = %s",
    "operation": "entry.data->>'operation' = %s",
    "xid": "entry.xid = %s",
    "run": "entry.execution_id = ANY (%s)",
}
