"""manage.py emit: tell a workflow that something happened outside."""

from argparse import ArgumentParser
from typing import Any

from actions import messages, values
from actions.engine.operate.emit import emit
from actions.management.face import Face, actor, undone


class Command(Face):
    """See engine.operate.emit."""

    help = "Tell a workflow an external event: what it waits for now, or will."
    rehearses = True

    def add_own(self, parser: ArgumentParser) -> None:
        """The workflow, the event, and how it is told."""
        parser.add_argument("id", metavar="EXECUTION", help="public id of the workflow's execution")
        parser.add_argument("name", metavar="NAME", help="the event, exactly as wait_for() names it")
        parser.add_argument("--payload", metavar="JSON", help="what wait_for() returns; none by default")
        parser.add_argument("--key", help="idempotency key: the same event told twice under it is kept once")
        parser.add_argument("--reason", default="", help="why; kept in the audit")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Tell it."""
        payload = None if options["payload"] is None else values.parse(options["payload"])
        with undone(options):
            done = emit(
                options["id"],
                options["name"],
                payload,
                actor=actor(),
                reason=options["reason"],
                idempotency_key=options["key"],
            )
        id_ = done.subject.public_id
        answer = {"id": id_, "event": options["name"], "new": done.new, "goes_on": done.goes_on}
        return self.told(options, answer, f"{id_}: {messages.emit_done(new=done.new, goes_on=done.goes_on)}")
