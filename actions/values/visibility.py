"""Text that hides nothing, for whoever reads it."""

import re

# Control characters would be swallowed or act on a terminal, and bidirectional ones turn the text around them.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """`text` with what cannot be seen spelt out: control characters and those that change the direction of writing."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
