"""What the scopes of API keys grant, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

WORDS = {
    "read": "see", "trigger": "trigger", "retry": "retry", "run_now": "run now", "replay": "replay", "cancel": "cancel",
    "force_stop": "force stop", "resolve": "resolve doubts", "emit": "emit events", "pause": "pause and resume",
    "export": "export", "view_payload": "reveal what is dotted",
}  # fmt: skip
"""What each verb of a scope lets a key do."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Some verbs on some things, as people read it."""

    verbs: str
    things: str
    name: str
    """The name or the beginning of names, as the scope has it; empty where `things` says it all."""


def in_words(granted: Iterable[str]) -> list[Grant]:
    """What scopes grant: one line for all verbs on the same things."""
    found: dict[tuple[str, str], list[str]] = {}
    for scope in granted:
        kind, _, rest = scope.partition(":")
        name, _, verb = rest.rpartition(":")
        found.setdefault((kind, name), []).append(
            "read" if kind == "audit" and verb == "read" else WORDS.get(verb, verb)
        )
    return [Grant(_listed(verbs), *_things(kind, name)) for (kind, name), verbs in found.items()]


def _things(kind: str, name: str) -> tuple[str, str]:
    if kind == "audit":
        return "the audit", ""
    if name == "*":
        return f"every {kind}", ""
    if name.endswith("*"):
        return f"{kind}s whose names begin with", name[:-1]
    return f"the {kind}", name


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
