"""Tracebacks to read: the frames of one's own code first, those of libraries and the platform folded away."""

import re
from dataclasses import dataclass

_FRAME = re.compile(r'^\s*(?:\|\s*)?File "(?P<file>.+)", line (?P<line>\d+), in (?P<function>.+)$')
_FOREIGN = re.compile(
    r"[/\\](?:site-packages|dist-packages|lib[/\\]python\d[\d.]*)[/\\]|[/\\]actions[/\\](?:engine|definitions)[/\\]|^<"
)
_MOST_OWN = 12
_NAMED = 3
"""Parts of a path that a frame shows; the whole is its title."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback."""

    path: str
    line: int
    function: str
    code: str

    @property
    def place(self) -> str:
        """The end of the path."""
        parts = re.split(r"[/\\]", self.path)
        return "/".join(part for part in parts[-_NAMED:] if part)


@dataclass(frozen=True, slots=True)
class Trace:
    """A traceback with its own frames picked out."""

    own: tuple[Frame, ...]
    """Of the error that was raised in the end; the deepest first, where it happened."""
    folded: int
    """Frames of libraries and the platform among all of the text."""
    text: str
    """All of it, as Python writes it."""


def read(text: str) -> Trace:
    """Pick the frames out of the text of a traceback. A text that is none has no frames, and stays as it is."""
    own: list[Frame] = []
    folded = 0
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.lstrip(" |+-").startswith("Traceback (most recent call last)"):
            # What comes now was raised while what stands above was handled: it is the one that counts.
            own.clear()
        found = _FRAME.match(line[:2_000])
        if found is None:
            continue
        if _FOREIGN.search(found["file"]):
            folded += 1
        else:
            own.append(Frame(found["file"], int(found["line"][:9]), found["function"], _code(lines, number)))
    return Trace(tuple(reversed(own[-_MOST_OWN:])), folded, text)


def _code(lines: list[str], number: int) -> str:
    """The source line below a frame's, if it is there."""
    if number + 1 < len(lines) and lines[number + 1].startswith("    ") and not _FRAME.match(lines[number + 1][:2_000]):
        return lines[number + 1].strip()[:300]
    return ""
