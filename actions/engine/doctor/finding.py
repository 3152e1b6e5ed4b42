"""What the doctor says: one finding per question."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question."""

    id: str
    """Stable, for programs."""
    level: Level
    found: str
    """What was seen."""
    meaning: str = ""
    """Why it matters; empty where all is well."""
    remedy: str = ""
    """What to do."""


def judged(id: str, level: Level, found: str, meaning: str, remedy: str) -> Finding:  # noqa: A002  (it is the id)
    """A finding whose meaning and remedy are told only where something is wrong."""
    return Finding(id, level, found) if level == Level.OK else Finding(id, level, found, meaning, remedy)
