"""How values look, on every page. Text stays text: nothing here marks anything safe."""

import json
from typing import Any

from actions.values import redact, visible

LONGEST_SHOWN = 64 * 1024
"""Characters of a payload that a page shows; the rest is downloaded."""


def pretty(value: Any) -> str:
    """JSON to read, what looks like a secret dotted."""
    return json.dumps(redact(value), ensure_ascii=False, indent=2)


class Payload:
    """A JSON value as a page shows it: cut where it is long."""

    def __init__(self, value: Any) -> None:
        text = visible(value if isinstance(value, str) else pretty(value))
        self.text = text[:LONGEST_SHOWN]
        self.cut = len(text) > LONGEST_SHOWN
        self.length = len(text)
