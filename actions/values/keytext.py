"""The text of an API key: `do_live_<id>_<secret>_<check>`, made, read and dotted.

The id (8 characters of 0-9 a-z) finds the row. The secret is 256 random bits in base 62, 43 characters. The check is the
CRC32 of everything before it, in base 62: a typing error, and a text that only looks like a key, cost no query.
"""

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

PREFIX = "do_live_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LOWER = string.digits + string.ascii_lowercase
_ID = 8
_SECRET = 43
_CHECK = 6
_WHOLE = re.compile(r"do_live_([0-9a-z]{8})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
_SECRET_PART = re.compile(r"(do_live_[0-9a-z]{1,8})_[0-9A-Za-z]+(?:_[0-9A-Za-z]*)?")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A new key: its id may be seen by everybody, its text by its owner, once. Not in its repr."""

    id: str
    text: str = field(repr=False)


def make(key: str = "") -> KeyText:
    """A key of 256 random bits; its id is random as well, unless `key` says it."""
    key = key or "".join(secrets.choice(_LOWER) for _ in range(_ID))
    body = f"{PREFIX}{key}_{_base62(secrets.randbits(256), _SECRET)}"
    return KeyText(key, f"{body}_{checksum(body)}")


def checksum(body: str) -> str:
    """Six characters that a key's text ends with, over everything before the last underscore."""
    return _base62(zlib.crc32(body.encode()), _CHECK)


def id_from(digest: bytes) -> str:
    """The id that a digest of at least 16 bytes gives."""
    number = int.from_bytes(digest[:16], "big")
    return "".join(_LOWER[number // len(_LOWER) ** place % len(_LOWER)] for place in range(_ID))


def id_in(text: str) -> str | None:
    """The id in a key's whole text; None where the text is none, or its checksum does not fit."""
    found = _WHOLE.fullmatch(text)
    if found is None or checksum(text[: -_CHECK - 1]) != text[-_CHECK:]:
        return None
    return found[1]


def shown(key: str) -> str:
    """What pages, lists and the audit say of a key, by its id."""
    return PREFIX + key


def id_of(text: str) -> str:
    """The id where a person names a key: by the id, with its prefix or without; empty where that is none."""
    key = text.strip().removeprefix(PREFIX)
    return key if re.fullmatch(r"[0-9a-z]{8}", key) else ""


def without_keys(text: str) -> str:
    """The text with dots where it holds secrets of keys, whole or cut off."""
    return _SECRET_PART.sub(r"\1_••••", text) if PREFIX in text else text


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
