"""pause and resume, which differ by one word."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from actions.management.face import Face, actor, given


class Switch(Face):
    """Subclasses name the engine's verb for an action and for a queue, and what is so afterwards."""

    asks_reason = True
    acts: ClassVar[dict[str, Callable[..., bool]]] = {}
    paused: ClassVar[bool]

    def add_own(self, parser: ArgumentParser) -> None:
        """What to switch."""
        parser.add_argument("kind", choices=list(self.acts))
        parser.add_argument("name", metavar="NAME")

    def more(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the verb is told beside name and reason."""
        return {}

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Switch it."""
        kind, name = options["kind"], options["name"]
        changed = self.acts[kind](name, actor=actor(), reason=given(options["reason"]), **self.more(options))
        state = "paused" if self.paused else "not paused"
        self.say(f"The {kind} {name} is {state}{'' if changed else ', as it was'}.")
        return {"kind": kind, "name": name, "paused": self.paused, "changed": changed}
