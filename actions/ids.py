"""Ids of executions: UUIDv7 inside, `exec_` and 26 characters of Crockford's base 32 outside. Both sort by time."""

from hashlib import sha256
from uuid import UUID

from uuid_utils.compat import uuid7

PREFIX = "exec_"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Ten bits at a time: half the look-ups, and the table is small.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = tuple(range(120, -1, -10))
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def new_id() -> UUID:
    """A new time-ordered id."""
    return uuid7()


def public_id(id: UUID) -> str:  # noqa: A002  (it is the id)
    """The id that the outside sees."""
    number = id.int
    pairs = _PAIRS
    return PREFIX + "".join([pairs[(number >> shift) & 1023] for shift in _SHIFTS])


def parse_id(text: str) -> UUID | None:
    """The id behind a public id; None when `text` is none. Upper case is read as lower case."""
    digits = text[len(PREFIX) :].lower()
    if not text.startswith(PREFIX) or len(digits) != 26 or not digits.isascii():
        return None
    number = 0
    for character in digits:
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number << 5 | value
    return UUID(int=number) if number < 1 << 128 else None


def derived_id(text: str) -> UUID:
    """The id that a text stands for, always the same: a UUIDv8 of its SHA-256 (RFC 9562, section 5.8)."""
    digest = int.from_bytes(sha256(text.encode()).digest()[:16])
    return UUID(int=digest & ~(0xF << 76) & ~(0x3 << 62) | 8 << 76 | 2 << 62)
