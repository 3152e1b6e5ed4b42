"""manage.py replay: do it once more, as a new execution."""

from argparse import ArgumentParser
from typing import Any

from actions.engine.operate.replay import replay
from actions.management import payload
from actions.management.face import Face, actor, given, undone


class Command(Face):
    """See engine.operate.replay."""

    help = "Ask for a new execution with the same params as an old one, or edited ones."
    asks_reason = True
    rehearses = True

    def add_own(self, parser: ArgumentParser) -> None:
        """The original, and what shall be different."""
        parser.add_argument("id", metavar="ID", help="public id of the execution to repeat")
        payload.add_params(parser)
        parser.add_argument(
            "--from-step",
            metavar="STEP",
            help="of a workflow: take over what came before this step; PARAMS are the step's",
        )
        parser.add_argument("--key", help="idempotency key: the same key gives the same replay")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Replay it."""
        params = payload.params(options)
        with undone(options):
            accepted = replay(
                options["id"],
                actor=actor(),
                reason=given(options["reason"]),
                params=params,
                idempotency_key=options["key"],
                from_step=options["from_step"],
            )
        # What was only tried has an id that nobody will find.
        kept = accepted.replayed or not options["dry_run"]
        answer = {"id": accepted.id if kept else None, "replay_of": options["id"], "replayed": accepted.replayed}
        what = accepted.id if kept else "A new execution"
        end = "." if options["dry_run"] else ""
        return self.told(
            options, answer, f"{what} {'was accepted before, with this key' if accepted.replayed else 'accepted'}{end}"
        )
