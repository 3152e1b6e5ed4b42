"""Where the API is mounted: at the root, under a prefix of the project's URLs, behind a server's SCRIPT_NAME, or nowhere."""

from functools import lru_cache

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

_VERSION = "v1/"


def root() -> str:
    """The address of the API, without a slash at its end, such as /api/v1; empty where it is not mounted."""
    return _root(getattr(settings, "ROOT_URLCONF", ""), get_script_prefix())


def entrance() -> str:
    """What the paths of all requests to the API begin with, those to versions that are not there included."""
    return f"{root()}/".removesuffix(_VERSION) if root() else ""


def docs() -> str:
    """The page that describes it."""
    return f"{root()}/docs"


@lru_cache(maxsize=16)
def _root(urlconf: str, _prefix: str) -> str:
    """Kept, because every request asks; a prefix comes from the server, not from the client."""
    try:
        return reverse("api:api-root", urlconf=urlconf or None).rstrip("/")
    except NoReverseMatch:
        return ""
