"""manage.py invoke: ask for one execution."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.definitions.handle import Handle
from actions.engine.operate.trigger import trigger
from actions.management import payload
from actions.management.face import Face, actor


class Command(Face):
    """Accept, and wait for the result where --wait says so."""

    help = "Ask for one execution of an action; with --wait, print its result."

    def add_own(self, parser: ArgumentParser) -> None:
        """The action, its params and how it is asked for."""
        parser.add_argument("name", metavar="NAME", help="the action")
        payload.add_params(parser)
        parser.add_argument("--key", help="idempotency key: the same key gives the same execution")
        parser.add_argument("--at", metavar="TIME", help="not before this time, ISO 8601 with its zone")
        parser.add_argument("--reason", default="", help="why; kept in the audit")
        parser.add_argument(
            "--wait",
            metavar="SECONDS",
            type=payload.seconds,
            help="wait this long for the end; exit 1 unless it succeeded by then",
        )

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait."""
        accepted = trigger(
            options["name"],
            payload.params(options) or {},
            actor=actor(),
            reason=options["reason"],
            idempotency_key=options["key"],
            available_at=payload.moment(options["at"]),
        )
        handle = Handle(accepted.id, accepted.replayed)
        answer = self.done = {"id": handle.id, "replayed": handle.replayed}
        self.say(f"{handle.id} {'was accepted before, with this key' if handle.replayed else 'accepted'}")
        if options["wait"] is None:
            return answer
        result = handle.result(options["wait"])
        self.say(f"succeeded: {json.dumps(result, ensure_ascii=False)}")
        return {**answer, "status": "succeeded", "result": result}
