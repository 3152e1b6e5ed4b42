"""What the core and its shells say to each other. No network here: a shell performs a step and hands back its reply.

The core is made of generators that yield steps (send this, pause so long) and are told replies. A shell is whatever can
perform steps, blocking or awaiting; all that has to be decided is decided once, in the core.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from actions.client.idempotency import new_key

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request below /api/v1/. It is sent again as it is, under the same idempotency key."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    key: str = ""
    """The idempotency key; empty where asking twice changes nothing by itself."""

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it. The API key is not among them: the shell adds it as it sends."""
        headers = {"Accept": "application/json"}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.key:
            headers["Idempotency-Key"] = self.key
        return headers


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the whole answer has to be there in `timeout` seconds."""

    request: Request
    timeout: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """No whole answer came back. `reached`: the request may have arrived all the same."""

    reason: str
    reached: bool = True
    timed_out: bool = False
    again: bool = True
    """Whether asking again may help."""


Step: TypeAlias = Send | Pause
Reply: TypeAlias = Answer | Lost | None
Steps: TypeAlias = Generator[Step, Reply, T]


@dataclass(frozen=True, slots=True)
class Core:
    """What every request of one client has in common. Times in seconds; the functions are settable for tests."""

    home: str
    """The base URL, for sentences. It holds no secret."""
    timeout: float = 30.0
    """For one request with everything it takes, pauses and repetitions included."""
    retries: int = 4
    """How often a request is sent again that got no answer, or one that says that it may be."""
    patience: float = 10.0
    """For one try of a request."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    chance: Callable[[], float] = field(default=random.random, repr=False)
    """A number between 0 and 1."""
    key: Callable[[], str] = field(default=new_key, repr=False)
