"""What httpx says when no whole answer came, as the core understands it."""

import httpx

from actions.client.configuration import LARGEST_ANSWER
from actions.client.wire import Answer, Lost

TOO_SLOW = Lost("the answer was not there in time", timed_out=True)
TOO_LARGE = Lost(f"the answer is larger than {LARGEST_ANSWER:,} bytes", again=False)


class Reading:
    """An answer as it comes in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, part: bytes) -> bool:
        """Keep a part; False when it is too much."""
        self._parts.append(part)
        self._size += len(part)
        return self._size <= LARGEST_ANSWER

    def answer(self, response: httpx.Response) -> Answer:
        """All of it."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, b"".join(self._parts))


def lost(error: httpx.HTTPError | httpx.InvalidURL | ValueError) -> Lost:
    """Why there is no answer."""
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
        return Lost(reason(error), reached=False, timed_out=isinstance(error, httpx.TimeoutException))
    if isinstance(error, httpx.TimeoutException):
        return Lost(reason(error), timed_out=True)
    if isinstance(error, httpx.TransportError):
        return Lost(reason(error), again=not isinstance(error, httpx.UnsupportedProtocol))
    return Lost(reason(error), again=False)


def reason(error: Exception) -> str:
    """One line for a person."""
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "it did not take the connection in time",
        httpx.ReadTimeout: "the answer was not there in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.RemoteProtocolError: "the connection was cut before the answer was whole",
        httpx.ReadError: "the connection was cut before the answer was whole",
        httpx.WriteError: "the connection was cut while the request was sent",
    }
    return words.get(type(error)) or " ".join(str(error).split()) or type(error).__name__
