"""Places in a list, as opaque text: which way to read on, and from which row."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from actions.queries.search.grammar import Fault, InvalidQuery

_SHAPE = struct.Struct(">BBq16s")
_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (1 << 128) - 1
_FARTHEST = 253_402_300_799_000_000
"""Microseconds up to the end of the year 9999."""


@dataclass(frozen=True, slots=True)
class Place:
    """Just beyond a row: older ones follow, or with `back` newer ones. `at` only in lists ordered by finished_at."""

    id: UUID
    at: datetime | None = None
    back: bool = False

    @property
    def turned(self) -> "Place":
        """The same place with the other way to read on, so that the row at it follows."""
        return Place(UUID(int=min(max(self.id.int + (1 if self.back else -1), 0), _LAST)), self.at, not self.back)

    def __str__(self) -> str:
        flags = self.back | (self.at is not None) << 1
        micros = 0 if self.at is None else (self.at - _EPOCH) // timedelta(microseconds=1)
        return urlsafe_b64encode(_SHAPE.pack(_VERSION, flags, micros, self.id.bytes)).decode().rstrip("=")


def place_of(cursor: str, *, by_end: bool) -> Place | None:
    """The place behind a cursor, None for the empty one. Raises InvalidQuery for what no list of this order has given."""
    if not cursor:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        version, flags, micros, id_ = _SHAPE.unpack(raw)
    except (ValueError, struct.error):
        raise _refusal(cursor) from None
    dated = bool(flags & 2)
    if version != _VERSION or flags > 3 or dated != by_end or not 0 <= micros <= _FARTHEST or len(cursor) > 64:
        raise _refusal(cursor)
    at = _EPOCH + timedelta(microseconds=micros) if dated else None
    place = Place(UUID(bytes=id_), at, bool(flags & 1))
    if str(place) != cursor:
        raise _refusal(cursor)
    return place


def _refusal(cursor: str) -> InvalidQuery:
    message = "This cursor is of no page of this list; begin with the first page."
    return InvalidQuery(cursor[:100], [Fault(0, 0, message)])
