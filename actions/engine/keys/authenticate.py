"""authenticate: who a request comes from, by the text of its API key."""

import hmac
import ipaddress
import time
from threading import Lock

import structlog
from django.db import DatabaseError, InterfaceError, transaction

from actions.engine import ledger
from actions.engine.keys.key import DUMMY, Key, Standing, digest_of, look
from actions.engine.statements import fetch
from actions.errors import Unauthenticated, storable
from actions.values import keytext

FRESH = 0.5
"""Seconds for which a process believes what it has read of a key: what was revoked is refused everywhere after this."""
QUIET = 10.0
"""Seconds in which refusals of the same key for the same reason from the same place are one audit entry."""
_LONGEST = 200
_MOST = 10_000

log = structlog.get_logger(__name__)


class Seen:
    """What this process has read of keys: for half a second, by the digest of their text."""

    def __init__(self) -> None:
        self._keys: dict[bytes, tuple[float, Key]] = {}

    def get(self, digest: bytes) -> Key | None:
        """The key, when it was read a moment ago."""
        until, key = self._keys.get(digest, (0.0, None))
        return key if time.monotonic() < until else None

    def put(self, digest: bytes, key: Key, since: float) -> None:
        """Believe it for a moment after `since`, when it was read."""
        if len(self._keys) >= _MOST:
            self._keys.clear()
        self._keys[digest] = (since + FRESH, key)

    def forget(self, key: str) -> None:
        """Ask anew for this one, by its id."""
        for digest, (_, one) in list(self._keys.items()):
            if one.id == key:
                self._keys.pop(digest, None)

    def clear(self) -> None:
        """Ask anew for every one."""
        self._keys.clear()


class Refusals:
    """Counts refusals that look the same, so that nobody floods the audit or the log with them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: dict[tuple[str, ...], tuple[float, int]] = {}

    def due(self, what: tuple[str, ...], *, quiet: float) -> int:
        """How many to tell of now, this one included; 0 while one like it was told within `quiet` seconds."""
        now = time.monotonic()
        with self._lock:
            if len(self._told) >= _MOST:
                self._told.clear()
            until, untold = self._told.get(what, (0.0, 0))
            if now < until:
                self._told[what] = (until, untold + 1)
                return 0
            self._told[what] = (now + quiet, 0)
            return untold + 1


seen = Seen()
refusals = Refusals()


def authenticate(text: str, *, address: str) -> Key:
    """The key whose text this is. `address` is the caller's, for the audit and as the key's last one.

    Raises Unauthenticated, in the same words whatever is wrong with it. A refusal of a key that there is, or was, is
    audited; of other texts the log tells at most once a second.
    """
    since = time.monotonic()
    # However long the text is, what is hashed is short.
    digest = digest_of(text[:_LONGEST])
    key = seen.get(digest)
    if key is not None:
        return key
    found = keytext.id_in(text)
    standing = look(found, digest) if found is not None else None
    if standing is None:
        hmac.compare_digest(digest, DUMMY)
        _tell_unknown(address)
        raise Unauthenticated
    if standing.ended:
        _tell_ended(standing, address)
        raise Unauthenticated
    seen.put(digest, standing.key, since)
    if standing.unwritten:
        _write_use(standing.key.id, address)
    return standing.key


def _tell_unknown(address: str) -> None:
    times = refusals.due(("unknown",), quiet=1.0)
    if times:
        log.warning("api_key_unknown", address=address[:100], times=times)


def _tell_ended(standing: Standing, address: str) -> None:
    """The key is right, and its time is over: its owner, or whoever has it, should be told apart in the audit."""
    times = refusals.due((standing.key.id, standing.ended, address), quiet=QUIET)
    if times:
        said = {"verb": "authenticate", "why": standing.ended, "address": storable(address[:100]), "times": times}
        ledger.record("access.denied", actor=standing.key.actor, details=said)


def _write_use(key: str, address: str) -> None:
    """Once a minute. What goes wrong here is no reason to refuse the request."""
    try:
        with transaction.atomic():
            fetch("key_used", {"id": key, "address": _address(address)})
    except (DatabaseError, InterfaceError) as error:
        log.warning("api_key_use_not_written", key=key, error=type(error).__name__)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None
