"""Every exception of the platform: one family, each with a stable code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input: a code, the path of the value (`items[3].name`, empty for the whole), a sentence."""

    code: str
    path: str
    message: str


class DoplatformError(Exception):
    """Something went wrong in doplatform."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)

    @property
    def message(self) -> str:
        """The sentence for the reader."""
        return str(self.args[0])


class InvalidInput(DoplatformError):
    """The input breaks a rule; nothing was stored."""

    def __init__(self, code: str, message: str, *, path: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class, the codes of the input rules
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(code, path, message),)

    @property
    def path(self) -> str:
        """The path of the first fault."""
        return self.problems[0].path


class InvalidDefinition(DoplatformError):
    """An action is declared in a way that cannot work."""

    code = "invalid_definition"


class GiveUp(DoplatformError):
    """The action cannot succeed, however often it is tried: fail now, without further tries."""

    code = "gave_up"
