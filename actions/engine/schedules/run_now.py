"""run now: what a schedule would do, at once, and beside its times."""

from actions import ids
from actions.definitions.actor import Actor
from actions.definitions.engine import Accepted, Invocation
from actions.definitions.registry import registry
from actions.definitions.schedule import refuse_secrets
from actions.engine import access
from actions.engine.accept import accept
from actions.engine.schedules import rows


def run_now(schedule: int, *, actor: Actor, reason: str = "", idempotency_key: str | None = None) -> Accepted:
    """Store one execution with the schedule's params, asked for by `actor`; its next time stays as it is.

    Raises ScheduleNotFound, Forbidden, ReasonRequired and what accept raises.
    """
    with access.acting():
        row = rows.locked(schedule, actor=actor, verb="trigger")
        key = access.require(actor, "trigger", subject=str(row), action=row.action_id)
        reason = access.checked_reason(actor, reason)
        action = registry.triggerable(row.action_id)
        refuse_secrets(action, row.params)
        invocation = Invocation(
            params=row.params,
            # It says where the params are from; an action that asks for keys gets one here as well.
            idempotency_key=f"schedule:{row.pk}:now:{idempotency_key or ids.new_id()}",
            actor=actor,
            callback=key.callback if key is not None else None,
        )
        accepted = accept(action, invocation, reason=reason)
        if not accepted.replayed:
            rows.record("run_now", row, actor=actor, reason=reason, execution=accepted.id)
    return accepted
