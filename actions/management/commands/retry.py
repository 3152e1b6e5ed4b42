"""manage.py retry: failed executions get a new attempt."""

from typing import Any

from actions import messages
from actions.engine.operate.retry import retry
from actions.management.face import Each, actor


class Command(Each):
    """See engine.operate.retry."""

    help = "Queue failed executions again: the same execution, a new attempt."

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Retry one."""
        retry(id_, actor=actor(), reason=reason)
        return {"status": "queued"}, messages.RETRIED
