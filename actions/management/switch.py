"""pause and resume, which differ by one word."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from actions.management.face import Face, actor, given, undone


class Switch(Face):
    """Subclasses name the engine's verb for an action, a queue and a tag, and what is so afterwards."""

    asks_reason = True
    rehearses = True
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
        more = self.more(options)
        with undone(options):
            changed = self.acts[kind](name, actor=actor(), reason=given(options["reason"]), **more)
        state = "paused" if self.paused else "not paused"
        answer = {"kind": kind, "name": name, "paused": self.paused, "changed": changed}
        until = more.get("until") if changed else None
        if until is not None:
            answer["until"] = until.isoformat()
        sentence = f"The {kind} {name} is {state}{'' if changed else ', as it was'}"
        return self.told(
            options, answer, f"{sentence} until {until:%Y-%m-%d %H:%M:%S %Z}." if until else f"{sentence}."
        )
