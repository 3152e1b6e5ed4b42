"""Whom a client speaks to, and as whom."""

import os
import platform
import ssl
from collections.abc import Generator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import httpx

from actions.client.errors import ConfigurationError
from actions.client.wire import Core, Request, Send

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. More than any page of the platform; what is longer is not read to its end."""
_API = "/api/v1"
_CONNECT = 5.0


class Bearer(httpx.Auth):
    """Puts the API key on each request as it leaves, and shows it nowhere else."""

    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request

    def __repr__(self) -> str:
        return "Bearer(…)"


def bearer(api_key: str | None) -> Bearer:
    """The key given, or DO_API_KEY. Raises ConfigurationError, which does not quote it."""
    key = (os.environ.get("DO_API_KEY", "") if api_key is None else api_key).strip()
    if not key:
        raise ConfigurationError("There is no API key: give Do(api_key), or set DO_API_KEY.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("The API key has characters that no key has. It is not shown here.")
    return Bearer(key)


def home(base_url: str | None) -> str:
    """The base URL given, or DO_BASE_URL, without a slash at its end. Raises ConfigurationError."""
    text = (os.environ.get("DO_BASE_URL", "") if base_url is None else base_url).strip().rstrip("/")
    if not text:
        raise ConfigurationError("There is no base URL: give Do(base_url=…), or set DO_BASE_URL.")
    try:
        url = httpx.URL(text)
        urlsplit(text).port  # noqa: B018  (it is read to be refused: httpx takes half a bracket)
    except (httpx.InvalidURL, ValueError):
        raise ConfigurationError("The base URL is no URL.") from None
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError("The base URL has a user, a query or a fragment; it may have none.")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigurationError(
            f"The base URL begins with https:// or http:// and names a host, unlike {text[:100]!r}."
        )
    return text.removesuffix(_API)


def core_of(base_url: str | None, timeout: float, retries: int) -> Core:
    """What the requests of one client have in common. Raises ConfigurationError."""
    if not timeout > 0 or retries < 0:
        raise ConfigurationError("timeout is more than 0 seconds, and retries are not less than 0.")
    return Core(home(base_url), timeout=timeout, retries=retries)


def user_agent() -> str:
    """Who asks: the version of this client, and of Python."""
    try:
        own = version("doplatform")
    except PackageNotFoundError:
        own = "unknown"
    return f"doplatform-python/{own} (Python {platform.python_version()})"


def limits() -> httpx.Limits:
    """Threads that wait hold a connection each, and do not wait for one another's."""
    return httpx.Limits(max_connections=None, max_keepalive_connections=20)


@cache
def trust() -> ssl.SSLContext:
    """Whom TLS trusts. Reading the certificates takes longer than a request, so clients share it."""
    return httpx.create_ssl_context()


def url_of(core: Core, request: Request) -> str:
    """Where a request goes."""
    return f"{core.home}{_API}/{request.path}"


def patience(step: Send) -> httpx.Timeout:
    """httpx's timeouts for one try, which are per operation; the shells hold the whole to it."""
    return httpx.Timeout(step.timeout, connect=min(step.timeout, _CONNECT))
