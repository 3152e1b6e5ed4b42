"""begin: freeze a selection of executions, and have one verb done to each of them in the background."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from actions import ids
from actions.definitions.actor import Actor
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine import access, ledger
from actions.engine.accept import accept, checked_key
from actions.engine.statements import fetch
from actions.errors import InvalidInput
from actions.models import BulkItem, BulkOperation

MOST = 100_000
"""Executions of one operation."""
ACTION = "doplatform.bulk-operation"
"""The built-in action that does it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An execution as the person saw it: what has changed since is skipped."""

    id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Begun:
    """The operation, and whether the same wish had been sent before."""

    id: UUID
    replayed: bool = False


def begin(
    verb: str,
    selection: Sequence[Seen],
    *,
    actor: Actor,
    reason: str = "",
    query: str = "",
    per_second: float | None = None,
    idempotency_key: str | None = None,
) -> Begun:
    """Store the operation with its items, and accept the execution that does it: all of it, or nothing.

    With an `idempotency_key` the same wish sent twice is one operation. The actor's permission is asked for here and again at
    every item. Raises Forbidden, ReasonRequired, InvalidInput for an empty or too large selection, or for a key that stands
    for another wish.
    """
    checked(verb, selection, per_second)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    with access.acting():
        access.require(actor, verb, subject=f"{len(selection)} executions")
        reason = access.checked_reason(actor, reason)
        operation = ids.new_id()
        accepted = accept(
            registry.find(ACTION),
            Invocation(params={"operation": str(operation)} if key is None else {"operation": _named(key, actor)},
                       idempotency_key=key, actor=actor),
        )  # fmt: skip
        if key is not None:
            operation = UUID(_named(key, actor))
            if accepted.replayed:
                _refuse_other(operation, verb, selection, key)
                return Begun(operation, replayed=True)
        _store(operation, verb, selection, actor, reason, query, per_second, ids.parse_id(accepted.id))
    return Begun(operation)


def _refuse_other(operation: UUID, verb: str, selection: Sequence[Seen], key: str) -> None:
    """Raise InvalidInput where the key stands for another verb, or for other executions."""
    chosen = BulkItem.objects.filter(operation=operation).order_by("position").values_list("execution_id", "attempt")
    before = BulkOperation.objects.filter(pk=operation).values_list("verb", flat=True).first()
    if before != verb or list(chosen) != [(seen.id, seen.attempt) for seen in selection]:
        raise InvalidInput(
            "idempotency_key_reused",
            f"The idempotency key {key!r} was used before for another bulk operation. This one was not begun; send it with "
            "another key.",
            path="idempotency_key",
        )


def checked(verb: str, selection: Sequence[Seen], per_second: float | None) -> None:
    """Raise InvalidInput for a verb, a number of executions or a rate that no operation has."""
    if verb not in BulkOperation.Verb:
        raise InvalidInput("invalid_verb", f"{verb[:40]!r} cannot be done to many executions.", path="verb")
    if not 0 < len(selection) <= MOST:
        raise InvalidInput(
            "invalid_selection", f"One operation takes 1 to {MOST:,} executions, not {len(selection):,}.", path="ids"
        )
    if per_second is not None and not 0.1 <= per_second <= 10_000:
        raise InvalidInput("invalid_rate", "The rate lies between 0.1 and 10,000 a second.", path="per_second")
    if len({seen.id for seen in selection}) != len(selection):
        raise InvalidInput("invalid_selection", "An execution stands twice in the selection.", path="ids")


def _store(
    operation: UUID,
    verb: str,
    selection: Sequence[Seen],
    actor: Actor,
    reason: str,
    query: str,
    per_second: float | None,
    execution: UUID | None,
) -> None:
    BulkOperation.objects.create(
        id=operation,
        verb=verb,
        reason=reason,
        query=query.replace("\0", "")[:2_000],
        total=len(selection),
        per_second=per_second,
        actor_kind=actor.kind,
        actor_id=actor.id[:200],
        actor_label=actor.label[:255],
        actor_key=actor.key,
        execution_id=execution,
    )
    fetch(
        "bulk_items",
        {
            "operation": operation,
            "ids": [seen.id for seen in selection],
            "attempts": [seen.attempt for seen in selection],
        },
    )
    details = {"operation": str(operation), "verb": verb, "total": len(selection), "query": query[:2_000]}
    ledger.record("bulk.begun", actor=actor, reason=reason, execution=execution, details=details)


def _named(key: str, actor: Actor) -> str:
    """The id of the operation that this actor's key stands for."""
    return str(ids.derived_id(f"bulk:{actor.principal}:{key}"))
