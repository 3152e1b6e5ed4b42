"""manage.py run_now: scheduled and retrying executions become due."""

from typing import Any

from actions import messages
from actions.engine.operate.run_now import run_now
from actions.management.face import Each, actor


class Command(Each):
    """See engine.operate.run_now."""

    help = "Make queued and retrying executions due now."

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Make one due."""
        run_now(id_, actor=actor(), reason=reason)
        return {"status": "queued"}, messages.RUN_NOW
