"""Links that an installation adds to the page of an execution (DOPLATFORM["EXTRA_LINKS"])."""

from collections.abc import Callable, Iterable

from django.utils.module_loading import import_string

from actions import conf
from actions.models import Execution

MOST = 20


def extra_links(execution: Execution) -> list[tuple[str, str]]:
    """(label, address) pairs, as the named function says; only http and https, or paths of this site."""
    name = conf.get().EXTRA_LINKS
    if not name:
        return []
    found: Callable[[Execution], Iterable[tuple[str, str]]] = import_string(name)
    links = [(str(label), str(url)) for label, url in found(execution)]
    return [(label, url) for label, url in links if _leads_somewhere(url)][:MOST]


def _leads_somewhere(url: str) -> bool:
    return url.startswith(("https://", "http://")) or (url.startswith("/") and not url.startswith(("//", "/\\")))
