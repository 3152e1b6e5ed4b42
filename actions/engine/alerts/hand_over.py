"""hand over: every new delivery of an alert gets an execution that carries it, in the transaction that wrote it."""

from actions import conf
from actions.definitions.actor import PLATFORM
from actions.definitions.engine import Invocation
from actions.definitions.registry import registry
from actions.engine.accept import accept_many
from actions.engine.alerts import DELIVER
from actions.engine.statements import fetch
from actions.ids import parse_id
from actions.models import AlertDelivery

_BATCH = 500


def hand_over() -> int:
    """Accept one execution of DELIVER for each delivery that has none; returns how many. Inside a transaction."""
    carrier = registry.get(DELIVER)
    if carrier is None or DELIVER in conf.get().ACTIONS_DISABLED:
        return 0
    fresh = list(
        AlertDelivery.objects.select_for_update(skip_locked=True)
        .filter(carrier=None)
        .order_by("id")
        .values_list("id", flat=True)[:_BATCH]
    )
    if fresh:
        accepted = accept_many(
            carrier,
            [
                Invocation(params={"delivery": str(key)}, idempotency_key=f"alert:{key}", actor=PLATFORM)
                for key in fresh
            ],
        )
        fetch("alert_carry", {"deliveries": fresh, "carriers": [parse_id(one.id) for one in accepted]})
    return len(fresh)
