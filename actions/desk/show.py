"""How values look, on every page. Text stays text: nothing here marks anything safe."""

import json
from typing import Any

from actions.redaction import hide
from actions.values import visible

LONGEST_SHOWN = 64 * 1024
"""Characters of a payload that a page shows; the rest is downloaded."""


def pretty(value: Any, *, whole: bool = False) -> str:
    """JSON to read, dotted where this installation hides something; `whole`: as it is."""
    return json.dumps(value if whole else hide(value), ensure_ascii=False, indent=2)


class Payload:
    """A JSON value as a page shows it: cut where it is long, dotted as by `pretty`."""

    def __init__(self, value: Any, *, whole: bool = False) -> None:
        shown = value if whole else hide(value)
        self.dotted = shown != value
        """Whether something in it is hidden that could be revealed."""
        text = visible(shown if isinstance(shown, str) else pretty(shown, whole=True))
        self.text = text[:LONGEST_SHOWN]
        self.cut = len(text) > LONGEST_SHOWN
        self.length = len(text)
