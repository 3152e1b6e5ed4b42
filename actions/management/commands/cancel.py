"""manage.py cancel: stop executions."""

from argparse import ArgumentParser
from typing import Any

from actions import messages
from actions.engine.operate.cancel import cancel
from actions.management.face import Each, actor
from actions.states import Status


class Command(Each):
    """See engine.operate.cancel."""

    help = "Cancel executions: at once, or by asking a running handler to stop."

    def add_own(self, parser: ArgumentParser) -> None:
        """Whether to wait for the handler."""
        parser.add_argument("--force", action="store_true", help="do not wait for the handler; may leave a doubt")

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Cancel one."""
        done = cancel(id_, actor=actor(), reason=reason, force=options["force"])
        sentence = messages.cancel_done(
            asked=done.asked, in_doubt=done.now == Status.IN_DOUBT, workflow=done.subject.is_workflow
        )
        return {"status": done.now.value, "asked": done.asked}, sentence
