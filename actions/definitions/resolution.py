"""What a resolver answers about an attempt in doubt."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What the outside world says."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did_not_happen"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Resolution:
    """A verdict, and the result where it happened."""

    verdict: Verdict
    value: Any = None

    @classmethod
    def happened(cls, result: Any = None) -> "Resolution":
        """It happened: the execution succeeds with this result."""
        return cls(Verdict.HAPPENED, result)

    @classmethod
    def did_not_happen(cls) -> "Resolution":
        """It did not happen: a failed try, followed by another where the action's retry policy allows one."""
        return cls(Verdict.DID_NOT_HAPPEN)

    @classmethod
    def unknown(cls) -> "Resolution":
        """Nobody can say yet: the resolver is asked again later, or a person settles it."""
        return cls(Verdict.UNKNOWN)
