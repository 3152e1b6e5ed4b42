"""Bulk operations to look at: what one would do, how far it is, what became of each item."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from actions import narrowing
from actions.errors import BulkOperationNotFound, SelectionNotFound
from actions.ids import public_id
from actions.models import BulkOperation, BulkSelection
from actions.queries.verdicts import CAUSES, Judged, judge
from actions.states import ENDED, FINISHED, Status

SAMPLE = 20
PAGE = 50
UNDER_WAY = "still under way"
OUTCOMES = ("done", "skipped", "failed", "open")
_SHOWN = """
SELECT execution.action_id, left(execution.error->>'message', 240), execution.created_at
FROM unnest(%s::uuid[]) WITH ORDINALITY AS chosen (id, place)
LEFT JOIN actions_execution AS execution ON execution.id = chosen.id
ORDER BY chosen.place
"""
_ITEMS = """
SELECT item.position, item.execution_id, execution.action_id, execution.status, item.attempt, coalesce(item.outcome, 'open'),
  item.code, item.message, item.made, item.at
FROM (
  SELECT * FROM actions_bulkitem
  WHERE operation_id = %(operation)s AND position > %(after)s
    AND (%(outcome)s::text IS NULL OR coalesce(outcome, 'open') = %(outcome)s::text)
  ORDER BY position LIMIT %(size)s) AS item
LEFT JOIN actions_execution AS execution ON execution.id = item.execution_id
ORDER BY item.position
"""
_COUNTS = """
SELECT operation_id, coalesce(outcome, 'open'), count(*) FROM actions_bulkitem
WHERE operation_id = ANY (%s::uuid[]) GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of a selection have a status now, and to how many of them the verb would be done."""

    status: str
    """Empty for what is there no more."""
    number: int
    able: int

    @property
    def skipped(self) -> int:
        """The others."""
        return self.number - self.able


@dataclass(frozen=True, slots=True)
class Shown:
    """One execution of a selection."""

    public_id: str
    action: str
    status: str
    cause: str
    created_at: datetime | None
    why_not: str
    """Why the verb would not be done to it; empty where it would."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a verb would do to a selection, as things stand now."""

    id: UUID
    verb: str
    query: str
    everything: bool
    total: int
    created_at: datetime
    standing: tuple[Standing, ...]
    causes: tuple[tuple[str, int], ...]
    """Why not although the status allows it, each with how many."""
    sample: tuple[Shown, ...]

    @property
    def able(self) -> int:
        """To how many it would be done now."""
        return sum(one.able for one in self.standing)

    @property
    def skipped(self) -> int:
        """How many would be skipped now, or fail."""
        return self.total - self.able


# What a replay was done to stays as it is: what came of it is the execution that it made.
# OFFSET 0: each is looked up by its index; the planner would read the whole table.
_BECAME = """
SELECT coalesce(execution.status, ''), count(*)
FROM (
  SELECT coalesce(made, execution_id) AS id FROM actions_bulkitem WHERE operation_id = %s AND outcome = 'done') AS item
LEFT JOIN LATERAL (SELECT status FROM actions_execution WHERE id = item.id OFFSET 0) AS execution ON true GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Became:
    """How many of the executions that an operation was done to stand so now. `statuses` are empty for what is gone."""

    word: str
    tone: str
    """The status whose colour and icon it has."""
    number: int
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A bulk operation and how many of its items have come out how."""

    operation: BulkOperation
    counts: dict[str, int]

    @property
    def settled(self) -> int:
        """Items with an outcome."""
        return self.operation.total - self.counts["open"]

    @property
    def stands(self) -> str:
        """running, aborting, aborted, done, or stopped: the execution that does it has ended before its end, or is gone."""
        if self.operation.finished_at is not None:
            return "aborted" if self.counts["open"] else "done"
        doer = self.operation.execution
        if doer is None or doer.status in FINISHED:
            return "stopped"
        return "aborting" if self.operation.aborted_at is not None else "running"


@dataclass(frozen=True, slots=True)
class Item:
    """One execution of an operation and what became of it."""

    position: int
    public_id: str
    action: str
    status: str
    attempt: int
    outcome: str
    code: str
    message: str
    made: str
    """The public id of the execution that a replay made."""
    at: datetime | None

    @property
    def rests(self) -> bool:
        """Whether its execution changes no more by itself: it has ended, is in doubt, or is gone."""
        return not self.status or Status(self.status) in ENDED


_OPERATIONS = BulkOperation.objects.select_related("execution").defer("execution__params", "execution__result")


def preview(selection: UUID, principal: str) -> Preview:
    """What was selected, for who selected it: four queries. Raises SelectionNotFound."""
    kept = BulkSelection.objects.filter(pk=selection, principal=principal).first()
    if kept is None:
        raise SelectionNotFound
    judged = judge(kept.verb, kept.unpacked())
    numbers, able = Counter(one.status for one in judged), Counter(one.status for one in judged if not one.cause)
    order = ["", *Status]
    standing = [Standing(status, number, able[status]) for status, number in numbers.items()]
    standing.sort(key=lambda one: (not one.able, not one.status, order.index(one.status)))
    causes = Counter(one.cause for one in judged if one.cause not in {"", "status", "gone"})
    return Preview(
        kept.pk,
        kept.verb,
        kept.query,
        kept.everything,
        kept.total,
        kept.created_at,
        tuple(standing),
        tuple((CAUSES[cause], number) for cause, number in causes.most_common()),
        _sample(judged),
    )


def _sample(judged: list[Judged]) -> tuple[Shown, ...]:
    """The first few, those to which it would be done in front."""
    first = sorted(judged, key=lambda one: bool(one.cause))[:SAMPLE]
    rows = _fetch(_SHOWN, [[one.id for one in first]])
    return tuple(
        Shown(public_id(one.id), action or "", one.status, cause or "", at, CAUSES.get(one.cause, ""))
        for one, (action, cause, at) in zip(first, rows, strict=True)
    )


def operations(before: UUID | None = None, size: int = PAGE) -> tuple[list[Progress], UUID | None]:
    """The newest operations, older than `before`, and where the next page begins: two queries."""
    rows = _seen().order_by("-id")
    found = list((rows if before is None else rows.filter(pk__lt=before))[: size + 1])
    counts = _counts([operation.pk for operation in found[:size]])
    shown = [Progress(operation, counts[operation.pk]) for operation in found[:size]]
    return shown, found[size - 1].pk if len(found) > size else None


def operation(id_: UUID) -> Progress:
    """One operation. Raises BulkOperationNotFound."""
    found = _seen().filter(pk=id_).first()
    if found is None:
        raise BulkOperationNotFound
    return Progress(found, _counts([id_])[id_])


def became(found: Progress) -> list[Became]:
    """What became of those that it was done to, by now, in the order in which people want to know; nothing where there are
    none. One query, which reads each of them by its id."""
    if not found.counts["done"]:
        return []
    numbers: dict[str, int] = dict(_fetch(_BECAME, [found.operation.pk]))
    again = " again" if found.operation.verb == "retry" else ""
    words = {
        Status.SUCCEEDED: "succeeded",
        Status.FAILED: f"failed{again}",
        Status.IN_DOUBT: "in doubt",
        Status.CANCELLED: "cancelled",
        Status.SKIPPED: "skipped",
    }
    rows = [Became(word, status, numbers.get(status, 0), (status,)) for status, word in words.items()]
    under_way = tuple(status for status in Status if status not in words)
    rows.append(Became(UNDER_WAY, Status.RUNNING, sum(numbers.get(one, 0) for one in under_way), under_way))
    rows.append(Became("not there any more", "", numbers.get("", 0), ()))
    return [row for row in rows if row.number]


def _seen() -> QuerySet[BulkOperation]:
    """Those that the reader may see: who sees only some actions, their own, which hold no others."""
    now = narrowing.reader()
    if now is None:
        return _OPERATIONS.all()
    kind, _, name = now.principal.partition(":")
    return _OPERATIONS.filter(actor_kind=kind, actor_id=name)


def items(id_: UUID, *, outcome: str = "", after: int = -1, size: int = PAGE) -> tuple[list[Item], int | None]:
    """Items by position, of one outcome where it is given (done, skipped, failed, open), and where the next page begins."""
    params: dict[str, Any] = {"operation": id_, "after": after, "outcome": outcome or None, "size": size + 1}
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, params)
        found = [
            Item(position, public_id(execution), action or "", status or "", attempt, came, code, message,
                 public_id(made) if made else "", at)
            for position, execution, action, status, attempt, came, code, message, made, at in cursor.fetchall()
        ]  # fmt: skip
    return found[:size], found[size - 1].position if len(found) > size else None


def every_item(id_: UUID, *, outcome: str = "", size: int = 1_000) -> Iterator[Item]:
    """All items, `size` at a time."""
    after: int | None = -1
    while after is not None:
        found, after = items(id_, outcome=outcome, after=after, size=size)
        yield from found


def _counts(ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    counts = {id_: dict.fromkeys(OUTCOMES, 0) for id_ in ids}
    for id_, outcome, number in _fetch(_COUNTS, [list(ids)]) if ids else ():
        counts[id_][outcome] = number
    return counts


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
