"""Actions of the platform itself: what it does in the background is executed, retried, audited and seen like any other."""

from typing import Any

from actions import conf
from actions.definitions.action import action
from actions.definitions.context import Context
from actions.engine.alerts import DELIVER as ALERT
from actions.engine.alerts import deliver as alerts
from actions.engine.bulk.begin import ACTION as BULK
from actions.engine.bulk.work import work
from actions.engine.callbacks import DELIVER, deliver
from actions.outside.exchange import TIMEOUT
from actions.retry import RetryPolicy
from actions.states import Effects

_DAY = 86_400.0
_ONE_DAY = RetryPolicy(max_attempts=12, delay=5, factor=3, max_delay=21_600)
"""After 5 s, 15 s, 45 s … 3 h, then every 6 h: 23 hours in all."""


@action(
    BULK, effects=Effects.REPEATABLE, atomic=False, timeout=_DAY, retry=RetryPolicy(max_attempts=5, delay=5, factor=3)
)
def bulk_operation(operation: str, context: Context) -> dict[str, Any]:
    """Does one verb to many executions, one after the other; goes on where it stopped."""
    return work(operation, context)


@action(
    DELIVER,
    effects=Effects.REPEATABLE,
    retry=_ONE_DAY,
    timeout=TIMEOUT + 5,
    atomic=False,
    queue=conf.get().CALLBACK_QUEUE,
    tags=["callback"],
)
def deliver_callback(delivery: str, context: Context) -> dict[str, Any]:
    """Tell the URL of a callback that an execution has ended."""
    return deliver.deliver(delivery, context)


@action(
    ALERT,
    effects=Effects.REPEATABLE,
    retry=_ONE_DAY,
    timeout=60,
    atomic=False,
    queue=conf.get().ALERT_QUEUE,
    tags=["alert"],
)
def deliver_alert(delivery: str, context: Context) -> dict[str, Any]:
    """Tell a channel of an alert."""
    return alerts.deliver(delivery, context)
