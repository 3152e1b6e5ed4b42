"""manage.py retry: failed executions get a new attempt."""

from typing import Any

from actions import messages
from actions.engine.operate.retry import retry
from actions.management.face import Each, actor
from actions.states import Status


class Command(Each):
    """See engine.operate.retry."""

    help = (
        "Queue failed executions again: the same execution, a new attempt. A workflow is retried by its failed steps."
    )

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Retry one."""
        now = retry(id_, actor=actor(), reason=reason)
        sentence = messages.retry_done(waits=now.status == Status.WAITING, step=now.parent is not None)
        return {"status": now.status.value}, sentence
