"""The root of the family, and how an error is written down."""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input: a stable code, the path of the value (`items[3].name`, empty for the whole), a sentence."""

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


def describe(error: BaseException) -> dict[str, Any]:
    """The JSON form of an error: {"code", "class", "message"}; the class is dotted for foreign exceptions."""
    kind = type(error)
    code = error.code if isinstance(error, DoplatformError) else "exception"
    # The class as it is imported, wherever in the family it stands.
    home = __package__ if kind.__module__.startswith(f"{__package__}.") else kind.__module__
    name = kind.__qualname__ if home == "builtins" else f"{home}.{kind.__qualname__}"
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  (a broken __str__ must not hide the failure it belongs to)
        message = f"{name} (its message cannot be shown)"
    return {"code": code, "class": name, "message": storable(message[:10_000])}


def storable(text: str) -> str:
    """`text` as PostgreSQL can keep it: NUL and half surrogates spelt out."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
