"""Addresses of notification services, as Apprise writes them (slack://…, mailtos://…): read and judged here without it,
because it is heavy and only workers load it. What this does not know is refused.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from actions.conf import SCHEMES
from actions.errors import InvalidInput

LONGEST = 2_048
_ADDRESS = re.compile(r"([a-z][a-z0-9]*)://([^?#\s\\]*)(\?[^#\s\\]*)?", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[^/@]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?(?:/.*)?"
)
PLAIN = {"gotify", "mailto", "matrix", "mmost", "ntfy", "rocket"}
"""Those that may speak without encryption."""
_HOSTED = {*PLAIN, "gotifys", "mailtos", "matrixs", "mmosts", "ntfys", "rockets"}
"""Those whose address begins with a host; in all others a token stands there."""
OPTIONS = {
    "bcc", "bot", "cc", "channel", "format", "from", "image", "mode", "name", "pass", "priority", "region", "reply", "smtp",
    "tags", "thread", "to", "token", "user",
}  # fmt: skip
"""What may stand behind the question mark: nothing that names files, takes certificates as they come, or tries again by
itself."""
MODES = {"mailto": {"starttls", "ssl", "insecure"}, "mailtos": {"starttls", "ssl"}}


@dataclass(frozen=True, slots=True)
class Service:
    """An address that was understood. `shown` is all that may be seen of it."""

    scheme: str
    shown: str


def read(text: str, *, allowed: tuple[str, ...], plain: bool, path: str = "address") -> Service:
    """What it leads to. `plain`: whether this installation speaks without encryption at all.

    Raises InvalidInput `address_not_allowed`, with nothing of the address in it but its scheme.
    """
    found = _ADDRESS.fullmatch(text) if len(text) <= LONGEST and text.isprintable() else None
    if found is None:
        raise _refused("write it as scheme://…, without spaces and with at most 2,048 characters", path)
    scheme = found[1].lower()
    if scheme not in SCHEMES or scheme not in (allowed or SCHEMES):
        raise _refused(f"{scheme[:20]}:// is not among the services of this installation (ALERT_SCHEMES)", path)
    if scheme in PLAIN and not plain:
        raise _refused(
            f"{scheme}:// is not encrypted; use {scheme}s://, or let the installation allow plain http", path
        )
    _judge_options(scheme, found[3] or "", path)
    if not found[2].strip("/"):
        raise _refused("there is nothing behind its scheme", path)
    return Service(scheme, f"{scheme}://{_host(scheme, found[2])}")


def _judge_options(scheme: str, query: str, path: str) -> None:
    for name, value in parse_qsl(query[1:], keep_blank_values=True):
        # A service reads +name, -name and :name as headers and fields of its own.
        if name.lower() not in OPTIONS:
            raise _refused(f"the option {name[:20]!r} is not taken; there are {', '.join(sorted(OPTIONS))}", path)
        if name.lower() == "mode" and value.lower() not in MODES.get(scheme, {value.lower()}):
            raise _refused(f"{scheme}:// has no such mode; there are {', '.join(sorted(MODES[scheme]))}", path)


def _host(scheme: str, rest: str) -> str:
    """The host; dots where something else stands in its place, which may be a token or a topic that only some know."""
    found = _HOST.fullmatch(rest) if scheme in _HOSTED else None
    if found is None or not ("." in found[1] or found[2] or found[1] == "localhost" or found[1].startswith("[")):
        return "••••"
    return f"{found[1].lower()}:{found[2]}" if found[2] else found[1].lower()


def _refused(why: str, path: str) -> InvalidInput:
    return InvalidInput("address_not_allowed", f"This address cannot be used: {why}.", path=path)
