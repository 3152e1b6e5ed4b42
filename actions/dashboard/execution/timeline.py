"""When things waited and ran, as bars on a line of a thousand parts. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

PARTS = 1_000
"""What a whole line is long."""
_LEAST = 5.0
"""What a bar is long at least, so that it can be seen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that went on from one time to another; without an end it still does. `kind`: wait, or how it ended."""

    kind: str
    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece on the line."""

    kind: str
    x: float
    width: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Window:
    """What a line stands for."""

    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(0.0, (self.end - self.begin).total_seconds())

    def bar(self, piece: Piece, now: datetime) -> Bar:
        """Where a piece stands in it: never outside, and never too short to be seen."""
        begin = min(max(piece.begin, self.begin), self.end)
        end = min(max(piece.end or now, begin), self.end)
        whole = self.seconds or 1.0
        x = (begin - self.begin).total_seconds() / whole * PARTS
        width = max(_LEAST, (end - begin).total_seconds() / whole * PARTS)
        x = min(x, PARTS - width) if width <= PARTS else 0.0
        seconds = max(0.0, ((piece.end or now) - piece.begin).total_seconds())
        return Bar(piece.kind, round(x, 1), round(min(width, PARTS), 1), seconds)


def window(pieces: Iterable[Piece], now: datetime, *, begin: datetime | None = None) -> Window | None:
    """From the first beginning to the last end; None where there is nothing."""
    known = list(pieces)
    if not known:
        return None
    first = min(piece.begin for piece in known)
    last = max(piece.end or now for piece in known)
    begin = first if begin is None else min(begin, first)
    return Window(begin, max(begin, last))


def tries(
    asked: datetime | None, attempts: Sequence[tuple[datetime, datetime | None, str | None]]
) -> list[list[Piece]]:
    """For each attempt (start, end, outcome), oldest first: the wait before it, and it. `asked`: since when the first one
    waited; None where that is not known."""
    found: list[list[Piece]] = []
    since = asked
    for begin, end, outcome in attempts:
        pieces = [Piece(outcome or "running", begin, end)]
        if since is not None and since < begin:
            pieces.insert(0, Piece("wait", since, begin))
        found.append(pieces)
        since = end
    return found
