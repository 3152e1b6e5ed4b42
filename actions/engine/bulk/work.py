"""work: the handler of the built-in action: one item after the other, each verb in one transaction with its outcome."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from actions import correlation, ids
from actions.definitions.actor import Actor
from actions.definitions.context import Context
from actions.engine import access, ledger
from actions.engine.operate.cancel import cancel
from actions.engine.operate.replay import replay
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.errors import DoplatformError, ExecutionNotFound, Forbidden, GiveUp, Refused, RetryLater
from actions.models import BulkItem, BulkOperation

_PAGE = 200
_SLICE = 5.0
"""Seconds after which other work gets its turn."""
_Outcome = BulkItem.Outcome


def work(operation: str, context: Context) -> dict[str, Any]:
    """Do what is left of an operation; returns how many items were done, skipped and failed, and how many were left undone.

    An item's verb and its outcome commit together, so that a worker that dies in the middle repeats none. After some seconds
    it makes room for other work, and goes on (RetryLater); workers that are lost count since it last got further. Raises GiveUp
    for an operation that there is not, and when the person who asked may do it no more.
    """
    found = BulkOperation.objects.filter(pk=UUID(operation)).first()
    if found is None:
        raise GiveUp("There is no such bulk operation.")
    pause = 1 / found.per_second if found.per_second else 0.0
    actor = Actor(found.actor_kind, found.actor_id, found.actor_label, found.actor_key)
    act = partial(_VERBS[found.verb], actor, found)
    until = time.monotonic() + _SLICE
    handled = found.total - BulkItem.objects.filter(operation=found, outcome__isnull=True).count()
    moved = False
    for item in _open_items(found):
        if _aborted(found.pk):
            break
        if time.monotonic() > until:
            raise RetryLater(0.0, f"{handled} of {found.total} are handled; it goes on.")
        began = time.monotonic()
        _still_permitted(found, actor)
        _settle(item, act)
        if not moved:
            ledger.made_headway(ids.parse_id(context.execution_id))
            moved = True
        handled += 1
        context.progress(handled, found.total)
        if pause:
            time.sleep(max(0.0, began + pause - time.monotonic()))
    return _finish(found)


def _still_permitted(operation: BulkOperation, actor: Actor) -> None:
    """Ask outside of the item's transaction, so that a refusal stays in the audit; one is enough for all."""
    try:
        access.require(actor, operation.verb, subject=f"bulk operation {operation.pk}")
    except Forbidden as error:
        raise GiveUp(error.message) from None


def _open_items(operation: BulkOperation) -> Iterator[BulkItem]:
    position = -1
    while True:
        rows = BulkItem.objects.filter(operation=operation, outcome__isnull=True, position__gt=position)
        page = list(rows.order_by("position")[:_PAGE])
        if not page:
            return
        yield from page
        position = page[-1].position


def _aborted(operation: UUID) -> bool:
    return BulkOperation.objects.filter(pk=operation, aborted_at__isnull=False).exists()


def _settle(item: BulkItem, act: Callable[[BulkItem], "UUID | None"]) -> None:
    """The verb and its outcome; a refusal is an outcome too."""
    try:
        with correlation.within("operation", str(item.operation_id)), access.acting():
            if not _ours(item):
                return
            made = act(item)
            _note(item, _Outcome.DONE, made=made)
    except (Refused, ExecutionNotFound) as error:
        _note(item, _Outcome.SKIPPED, error=error)
    except DoplatformError as error:
        _note(item, _Outcome.FAILED, error=error)


def _ours(item: BulkItem) -> bool:
    """Whether nobody has done it, and nobody does until this transaction ends: a worker that was taken for dead may be back."""
    rows = BulkItem.objects.filter(operation=item.operation_id, position=item.position, outcome__isnull=True)
    return bool(rows.select_for_update().values_list("position"))


def _note(
    item: BulkItem, outcome: "BulkItem.Outcome", *, error: DoplatformError | None = None, made: UUID | None = None
) -> None:
    rows = BulkItem.objects.filter(operation=item.operation_id, position=item.position, outcome__isnull=True)
    rows.update(
        outcome=outcome,
        code=error.code if error else "",
        message=error.message[:2_000] if error else "",
        made=made,
        at=Now(),
    )


def _finish(operation: BulkOperation) -> dict[str, Any]:
    counts = dict.fromkeys(_Outcome.values, 0)
    for outcome in _Outcome:
        counts[outcome.value] = BulkItem.objects.filter(operation=operation, outcome=outcome).count()
    left = operation.total - sum(counts.values())
    with transaction.atomic():
        ended = BulkOperation.objects.filter(pk=operation.pk, finished_at__isnull=True).update(finished_at=Now())
        if ended:
            actor = Actor(operation.actor_kind, operation.actor_id, operation.actor_label, operation.actor_key)
            details = {"operation": str(operation.pk), "verb": operation.verb, **counts, "left": left}
            ledger.record("bulk.finished", actor=actor, reason=operation.reason, execution=operation.execution_id,
                          details=details)  # fmt: skip
    return {**counts, "left": left}


def _retry(actor: Actor, operation: BulkOperation, item: BulkItem) -> None:
    retry(ids.public_id(item.execution_id), actor=actor, reason=operation.reason, seen_attempt=item.attempt)


def _run_now(actor: Actor, operation: BulkOperation, item: BulkItem) -> None:
    run_now(ids.public_id(item.execution_id), actor=actor, reason=operation.reason, seen_attempt=item.attempt)


def _cancel(actor: Actor, operation: BulkOperation, item: BulkItem) -> None:
    cancel(ids.public_id(item.execution_id), actor=actor, reason=operation.reason, seen_attempt=item.attempt)


def _replay(actor: Actor, operation: BulkOperation, item: BulkItem) -> UUID | None:
    accepted = replay(
        ids.public_id(item.execution_id),
        actor=actor,
        reason=operation.reason,
        idempotency_key=f"bulk:{operation.pk}:{item.position}",
        seen_attempt=item.attempt,
    )
    return ids.parse_id(accepted.id)


_VERBS: dict[str, Callable[[Actor, BulkOperation, BulkItem], "UUID | None"]] = {
    "retry": _retry,
    "run_now": _run_now,
    "cancel": _cancel,
    "replay": _replay,
}
