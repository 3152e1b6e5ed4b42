"""hand over: every new delivery gets an execution that carries it, in one transaction."""

from django.db import transaction

from actions import conf
from actions.crashpoints import crash_point
from actions.definitions.actor import PLATFORM
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine.accept import accept_many
from actions.engine.callbacks import DELIVER
from actions.engine.statements import fetch
from actions.ids import parse_id
from actions.models import Delivery

_BATCH = 200
_ROUNDS = 10
"""Batches at a time: after a long silence, maintain's other chores get their turn between them."""


def hand_over() -> int:
    """Accept one execution of DELIVER for each delivery that has none; returns how many."""
    carrier = registry.get(DELIVER)
    if carrier is None or DELIVER in conf.get().ACTIONS_DISABLED:
        return 0
    total = 0
    # Nearly always there is none: one statement, where a transaction is three.
    if not Delivery.objects.filter(carrier=None).exists():
        return 0
    for _ in range(_ROUNDS):
        with transaction.atomic():
            fresh = list(
                Delivery.objects.select_for_update(skip_locked=True)
                .filter(carrier=None)
                .order_by("ended_at")
                .only("id")[:_BATCH]
            )
            if fresh:
                accepted = accept_many(
                    carrier,
                    [
                        Invocation(
                            params={"delivery": delivery.public_id}, idempotency_key=delivery.public_id, actor=PLATFORM
                        )
                        for delivery in fresh
                    ],
                )
                fetch(
                    "carry",
                    {
                        "deliveries": [delivery.id for delivery in fresh],
                        "carriers": [parse_id(one.id) for one in accepted],
                    },
                )
                crash_point("deliveries.accepted")
        total += len(fresh)
        if len(fresh) < _BATCH:
            break
    return total
