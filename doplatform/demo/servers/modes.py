"""The moods of a server: healthy, or failing in one of the ways that the world fails in."""

from enum import StrEnum


class Mode(StrEnum):
    """What a server was told to be."""

    OK = "ok"
    DOWN = "down"
    ERROR = "error"
    SLOW = "slow"
    DROP = "drop"

    @property
    def sentence(self) -> str:
        """What callers meet."""
        return _SENTENCES[self]

    @property
    def button(self) -> str:
        """What to press to get there."""
        return _BUTTONS[self]


_SENTENCES = {
    Mode.OK: "answers as it should",
    Mode.DOWN: "is stopped: connections are refused, nothing is done",
    Mode.ERROR: "answers with a temporary error (HTTP 500, SMTP 451), nothing is done",
    Mode.SLOW: "does the work, but answers later than callers wait",
    Mode.DROP: "does the work, then cuts the connection without an answer",
}
_BUTTONS = {
    Mode.OK: "Start",
    Mode.DOWN: "Stop",
    Mode.ERROR: "Answer with errors",
    Mode.SLOW: "Answer slowly",
    Mode.DROP: "Cut the connection",
}


def mode(word: str) -> Mode:
    """The mode of that name; `up` is the opposite of `down`. Raises ValueError with the choices."""
    if word == "up":
        return Mode.OK
    try:
        return Mode(word)
    except ValueError:
        raise ValueError(f"{word!r} is no mode; choose one of {', '.join(Mode)}.") from None
