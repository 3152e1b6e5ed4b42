"""freeze: keep what somebody has selected, as it was seen, until they confirm or leave it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from actions import ids
from actions.definitions.actor import Actor
from actions.engine import access
from actions.engine.bulk.begin import Begun, Seen, begin, checked
from actions.errors import SelectionNotFound, storable
from actions.models import BulkSelection

KEPT = timedelta(days=1)
"""Afterwards nobody remembers what they saw."""


def freeze(verb: str, selection: Sequence[Seen], *, actor: Actor, query: str = "", everything: bool = False) -> UUID:
    """Keep a selection for a day, for this actor; returns its id. Nothing is done to the executions.

    `everything`: it is all that `query` found, not rows that were chosen. Raises Forbidden, InvalidInput for an empty or too
    large selection and for a verb that cannot be done to many.
    """
    checked(verb, selection, None)
    selection_id = ids.new_id()
    with access.acting():
        access.require(actor, verb, subject=f"{len(selection)} executions")
        BulkSelection.objects.filter(created_at__lt=Now() - KEPT).delete()
        BulkSelection.objects.create(
            id=selection_id,
            verb=verb,
            query=storable(query)[:2_000],
            everything=everything,
            total=len(selection),
            items=BulkSelection.packed((seen.id, seen.attempt) for seen in selection),
            principal=actor.principal,
        )
    return selection_id


def proceed(selection: UUID, *, actor: Actor, reason: str = "", per_second: float | None = None) -> Begun:
    """Begin the operation on exactly what was selected. Said twice, it is one operation.

    Raises SelectionNotFound for one that is not this actor's, or was forgotten after a day, and what `begin` raises.
    """
    kept = BulkSelection.objects.filter(pk=selection, principal=actor.principal).first()
    if kept is None:
        raise SelectionNotFound
    return begin(
        kept.verb,
        [Seen(*item) for item in kept.unpacked()],
        actor=actor,
        reason=reason,
        query=kept.query,
        per_second=per_second,
        idempotency_key=f"selection:{selection}",
    )
