"""Canonical form (RFC 8785), fingerprint and stored text."""

import hashlib
import hmac
import json
from typing import Any, NamedTuple

import rfc8785

from actions.values.limits import DEFAULT_LIMITS, Limits
from actions.values.plain import check, dumps


class Checked(NamedTuple):
    """A value that keeps the rules, ready to be stored."""

    text: str
    """Compact JSON."""
    fingerprint: str
    """Hex digits of SHA-256, or HMAC-SHA256."""


_compact_sorted = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), sort_keys=True
).encode


def canonical(value: Any, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The RFC 8785 bytes of a value; 1 and 1.0 are the same there. Raises InvalidInput."""
    return _compact_sorted(value).encode() if check(value, limits=limits) else bytes(rfc8785.dumps(value))


def fingerprint(
    params: Any, available_at: str | None, *, key: bytes | None = None, limits: Limits = DEFAULT_LIMITS
) -> str:
    """Hex digits over the canonical {"available_at": …, "params": …}, both as sent; no available_at is null.

    SHA-256; HMAC-SHA256 where a key is given, so that secret params cannot be guessed from it.
    Raises InvalidInput.
    """
    return check_and_fingerprint(params, available_at, key=key, limits=limits).fingerprint


def check_and_fingerprint(
    params: Any, available_at: str | None = None, *, key: bytes | None = None, limits: Limits = DEFAULT_LIMITS
) -> Checked:
    """`check`, `dumps` and `fingerprint` in one: plain params are walked once and encoded once.

    Raises InvalidInput.
    """
    if check(params, limits=limits):
        # Plain, so no float loses its point: what is canonical can be stored as well.
        text = _compact_sorted(params)
        body = text.encode()
    else:
        text = dumps(params)
        body = rfc8785.dumps(params)
    when = b"null"
    if available_at is not None:
        check({"available_at": available_at})
        when = _compact_sorted(available_at).encode()
    whole = b'{"available_at":%b,"params":%b}' % (when, body)
    digest = hashlib.sha256(whole).hexdigest() if key is None else hmac.digest(key, whole, "sha256").hex()
    return Checked(text, digest)


def check_and_digest(value: Any, *, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """`check`, `dumps` and the SHA-256 over the canonical bytes of one value. Raises InvalidInput."""
    if check(value, limits=limits):
        text = _compact_sorted(value)
        return Checked(text, hashlib.sha256(text.encode()).hexdigest())
    return Checked(dumps(value), hashlib.sha256(rfc8785.dumps(value)).hexdigest())
