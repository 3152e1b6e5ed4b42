"""manage.py resolve: say how an execution in doubt really ended."""

from argparse import ArgumentParser
from typing import Any

from actions import messages, values
from actions.engine.operate.resolve import Answer, resolve
from actions.errors import InvalidInput
from actions.management.face import Face, actor, given, undone


class Command(Face):
    """See engine.operate.resolve."""

    help = "Settle an execution in doubt: it happened, run it again, or give up."
    asks_reason = True
    rehearses = True

    def add_own(self, parser: ArgumentParser) -> None:
        """The execution, and what was found out."""
        parser.add_argument("id", metavar="ID", help="public id of the execution")
        parser.add_argument("answer", choices=[answer.value for answer in Answer])
        parser.add_argument("--result", metavar="JSON", help="its result, where it happened")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Resolve it."""
        answer = Answer(options["answer"])
        if options["result"] is not None and answer != Answer.HAPPENED:
            raise InvalidInput("result_not_allowed", "Only what happened has a result; nothing was changed.")
        result = None if options["result"] is None else values.parse(options["result"])
        with undone(options):
            resolve(options["id"], answer=answer, actor=actor(), reason=given(options["reason"]), result=result)
        told = {"id": options["id"], "ok": True, "answer": answer.value}
        return self.told(options, told, f"{options['id']}: {messages.RESOLVED}")
