"""Whom to tell when an execution has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from actions.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True)
class Callback:
    """A URL that gets a signed document at every end of an execution. `secret`: whsec_…; empty = the installation's."""

    url: str
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, given: Union["Callback", Mapping[str, Any], None]) -> "Callback | None":
        """From {"url": …, "secret"?: …}. Raises InvalidInput for anything else; the address is judged by accept."""
        if given is None or isinstance(given, Callback):
            return given
        if not isinstance(given, Mapping):
            raise InvalidInput("invalid_callback", 'A callback is {"url": …, "secret": …}.', path="callback")
        faults = [
            Problem("invalid_callback", f"callback.{name}", "A callback has a url and a secret, no more.")
            for name in given
            if name not in {"url", "secret"}
        ]
        if not isinstance(given.get("url"), str):
            faults.append(Problem("invalid_callback", "callback.url", "A callback has a url, which is a text."))
        if not isinstance(given.get("secret") or "", str):
            faults.append(Problem("invalid_callback", "callback.secret", "The secret of a callback is a text."))
        if faults:
            raise InvalidInput("invalid_callback", faults[0].message, problems=faults)
        return cls(given["url"], given.get("secret") or "")


@dataclass(frozen=True, slots=True)
class Kept:
    """A callback that was judged and is stored: the URL, and its secret's ciphertext where it has one of its own."""

    url: str
    secret: bytes | None = field(default=None, repr=False)
