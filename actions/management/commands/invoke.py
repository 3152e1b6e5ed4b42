"""manage.py invoke: ask for one execution."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.definitions.handle import Handle
from actions.engine.operate.check import Foreseen, check
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
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--dry-run", action="store_true", help="only say what would be done, and what refused")
        ways.add_argument(
            "--wait",
            metavar="SECONDS",
            type=payload.seconds,
            help="wait this long for the end; exit 1 unless it succeeded by then",
        )

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait."""
        params = payload.params(options) or {}
        wanted: dict[str, Any] = {
            "actor": actor(),
            "reason": options["reason"],
            "idempotency_key": options["key"],
            "available_at": payload.moment(options["at"]),
        }
        if options["dry_run"]:
            return self._foresee(check(options["name"], params, **wanted), options)
        accepted = trigger(options["name"], params, **wanted)
        handle = Handle(accepted.id, accepted.replayed)
        answer = self.done = {"id": handle.id, "replayed": handle.replayed}
        self.say(f"{handle.id} {'was accepted before, with this key' if handle.replayed else 'accepted'}")
        if options["wait"] is None:
            return answer
        result = handle.result(options["wait"])
        self.say(f"succeeded: {json.dumps(result, ensure_ascii=False)}")
        return {**answer, "status": "succeeded", "result": result}

    def _foresee(self, found: Foreseen, options: dict[str, Any]) -> dict[str, Any]:
        holds = [
            {
                "kind": hold.kind,
                "name": hold.name,
                "by": hold.by,
                "reason": hold.reason,
                "until": hold.until and hold.until.isoformat(),
            }
            for hold in found.holds
        ]
        answer = {
            "id": found.existing or None,
            "replayed": bool(found.existing),
            "queue": found.queue,
            "paused": holds,
            "workers": found.workers,
        }
        return self.told(options, answer, "\n".join(found.says))
