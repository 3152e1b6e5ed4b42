"""Reads a URL strictly and judges it: pure, so that declarations can ask it without Django.

There is one reader. Whatever it does not understand is refused, so that no other reader further down can understand it
differently; what it understood, not the text, is what is connected to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import idna

from actions.errors import InvalidInput

LONGEST = 2_048
_URL = re.compile(r"(https?)://([^/?#\\]+)(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE)
_PLAIN = re.compile(r"[\x21-\x7e]*")
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@%]+))(?::([0-9]{1,5}))?")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = {"http": frozenset({80, 8080}), "https": frozenset({443, 8443})}
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion")
"""Ends of names that never stand for somebody else's public address."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = {0x00005EFE, 0x02005EFE}

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class NotAllowed(ValueError):
    """The sentence says which rule the URL or the address breaks; it never shows more of the URL than its host."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was understood. `host` is lower case and ASCII, without brackets; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None
    """The address, where the host is one."""

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """What may be shown of it: path and query can hold somebody's token."""
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed beyond https to public addresses. `hosts`: names, with or without a port; `networks` likewise."""

    http: bool = False
    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def of(cls, allowed: Iterable[str], *, http: bool = False) -> "Rules":
        """From entries `host`, `host:port`, `10.0.0.0/8`, `10.1.2.3:8000`, `[fd00::1]:8000`. Raises ValueError."""
        hosts: set[tuple[str, int | None]] = set()
        networks: list[tuple[Network, int | None]] = []
        for entry in allowed:
            host, port = _entry(entry)
            try:
                networks.append((ip_network(host, strict=False), port))
            except ValueError:
                hosts.add((_name(host), port))
        return cls(http=http, hosts=frozenset(hosts), networks=tuple(networks))

    def names(self, target: Target) -> bool:
        """Whether an entry names this host, and with it whatever addresses it has."""
        return bool({(target.host, None), (target.host, target.port)} & self.hosts)

    def holds(self, address: Address, port: int) -> bool:
        """Whether an entry's network has this address."""
        return any(
            address.version == network.version and address in network and own in {None, port}
            for network, own in self.networks
        )

    def port(self, target: Target) -> bool:
        """Whether an entry names this very port of this host."""
        if (target.host, target.port) in self.hosts:
            return True
        return target.literal is not None and any(
            own == target.port and target.literal.version == network.version and target.literal in network
            for network, own in self.networks
        )


def read(url: object) -> Target:
    """The URL, understood. Raises NotAllowed."""
    if not isinstance(url, str):
        raise NotAllowed("a URL is a text")
    if len(url) > LONGEST:
        raise NotAllowed(f"a URL has at most {LONGEST} characters")
    found = _URL.fullmatch(url)
    if found is None:
        raise NotAllowed("a URL looks like https://host/path, without a fragment and without spaces")
    scheme, authority, path, query = found[1].lower(), found[2], found[3] or "/", found[4] or ""
    if not _PLAIN.fullmatch(path + query):
        raise NotAllowed("path and query have visible ASCII characters only; escape others by %")
    if "@" in authority:
        raise NotAllowed("a URL holds no user name and no password")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise NotAllowed("its host cannot be understood")
    port = int(parts[3]) if parts[3] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536:
        raise NotAllowed("a port lies between 1 and 65535")
    host, literal = _bracketed(parts[1]) if parts[1] else _named(parts[2])
    return Target(scheme, host, port, path + query, literal)


def judge(target: Target, rules: Rules) -> None:
    """Raise NotAllowed for what can be said before the name is resolved."""
    if target.scheme == "http" and not rules.http:
        raise NotAllowed(f"{target.host}: only https is allowed here")
    if target.port not in _PORTS[target.scheme] and not rules.port(target):
        raise NotAllowed(f"{target.host}: port {target.port} is not allowed")
    judge_name(target, rules)


def judge_name(target: Target, rules: Rules) -> None:
    """Raise NotAllowed for a host that cannot be somebody else's public one, whatever its scheme and port."""
    if rules.names(target):
        return
    if target.literal is not None:
        judge_address(target.literal, target, rules)
    elif "." not in target.host or f".{target.host}".endswith(_INSIDE):
        raise NotAllowed(f"{target.host} is a name of the inside")


def judge_address(address: Address, target: Target, rules: Rules) -> None:
    """Raise NotAllowed when the host's address is none that may be connected to."""
    if rules.names(target) or rules.holds(address, target.port):
        return
    plain = _unwrapped(address)
    if plain is not address and rules.holds(plain, target.port):
        return
    if not is_public(address):
        raise NotAllowed(f"{target.host}: {address} is not a public address")


def check_url(url: object, rules: Rules, *, path: str = "url") -> Target:
    """The URL, when it may be kept. Raises InvalidInput `url_not_allowed`; its name is resolved when it is called."""
    try:
        target = read(url)
        judge(target, rules)
    except NotAllowed as fault:
        raise InvalidInput("url_not_allowed", f"This URL may not be called: {fault}.", path=path) from None
    return target


def is_public(address: Address) -> bool:
    """Whether it is one host's public address, whatever it is wrapped in."""
    plain = _unwrapped(address)
    if isinstance(plain, IPv6Address):
        # IANA gives out global unicast from this block alone; anything beside it has no business on the internet.
        if plain not in _GLOBAL_UNICAST or plain.packed[8:12] in {mark.to_bytes(4) for mark in _ISATAP}:
            return False
        if plain.sixtofour is not None:
            return is_public(plain.sixtofour)
    return plain.is_global and not (
        plain.is_multicast or plain.is_reserved or plain.is_private or plain.is_loopback or plain.is_link_local
    )


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only carries."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(address.packed[12:])
    return address


def _bracketed(text: str) -> tuple[str, Address]:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise NotAllowed("its host cannot be understood") from None
    return str(address), address


def _named(text: str) -> tuple[str, Address | None]:
    host = _name(text)
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        # What ends in a number is an address to some reader: 127.1, 0x7f.1, 2130706433. Only the plain form is taken.
        try:
            address = IPv4Address(host)
        except ValueError:
            raise NotAllowed("an IPv4 address is written as four decimal numbers") from None
        return host, address
    return host, None


def _name(text: str) -> str:
    host = text.lower()
    if not host.isascii():
        try:
            host = idna.encode(host).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise NotAllowed("its host is no valid international name") from None
    if not _NAME.fullmatch(host):
        raise NotAllowed("its host cannot be understood")
    return host


def _entry(text: str) -> tuple[str, int | None]:
    """Host and port of an entry of OUTSIDE_ALLOWED_HOSTS."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, None
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), None
    if not port.isascii() or not port.isdigit():
        raise NotAllowed(f"{text!r} has no port after its colon")
    return host.strip("[]"), int(port)
