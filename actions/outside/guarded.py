"""Connections that a library makes by itself, kept to addresses that were judged.

Within `guarded` every name that this thread resolves is judged as network.py judges one, and the addresses that were judged
are the ones that are returned: Python's own clients (http.client, smtplib, and what stands on them) connect to nothing else.
So a name that leads inside is refused whoever resolves it: the address itself, a redirect, a proxy.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from actions.outside.address import NotAllowed, Rules, Target, judge_address, judge_name

_ENCRYPTED = frozenset({443, 465, 587, 8443})
_PLAIN = frozenset({25, 80, 2525, 8080})
_rules: ContextVar[Rules | None] = ContextVar("rules", default=None)
_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)
_resolve = socket.getaddrinfo


@contextmanager
def guarded(rules: Rules) -> Iterator[list[str]]:
    """Judge what this thread connects to, meanwhile. The list gets a sentence for each that was refused: libraries turn the
    error into one of their own."""
    socket.getaddrinfo = _judging
    refused: list[str] = []
    tokens = _rules.set(rules), _refused.set(refused)
    try:
        yield refused
    finally:
        _rules.reset(tokens[0])
        _refused.reset(tokens[1])


def _judging(host: Any, port: Any, *args: Any, **more: Any) -> Any:
    """socket.getaddrinfo, for guarded threads only what may be called. It stays in place: others pass through it."""
    rules = _rules.get()
    if rules is None:
        return _resolve(host, port, *args, **more)
    try:
        target = _target(host, port, rules)
        found = _resolve(host, port, *args, **more)
        for row in found:
            judge_address(ip_address(row[4][0]), target, rules)
    except (NotAllowed, ValueError) as fault:
        said = str(fault) if isinstance(fault, NotAllowed) else "its address cannot be understood"
        refused = _refused.get()
        if refused is not None:
            refused.append(said)
        raise socket.gaierror(socket.EAI_FAIL, "this address may not be called") from None
    return found


def _target(host: Any, port: Any, rules: Rules) -> Target:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    number = int(port) if str(port or "").isdigit() else 0
    try:
        literal = ip_address(name)
    except ValueError:
        literal = None
    target = Target("https", name.lower().rstrip("."), number, "/", literal)
    if number not in _ENCRYPTED and not (rules.http and number in _PLAIN) and not rules.port(target):
        raise NotAllowed(f"{target.host}: port {number} is not allowed")
    judge_name(target, rules)
    return target
