"""seal: entries of ended transactions get a Merkle root, chained to the seal before and signed.

A seal covers every entry whose (xid, id) lies from the previous horizon up to its own. Entries are never touched:
nothing on the hot path knows of this. Why a range is final once it is sealed:

- its entries have an xid below pg_snapshot_xmin, the oldest transaction open when the sealer looked. All transactions
  below have ended, the sealer's snapshot sees what they wrote, and no new one can get such an xid;
- so the horizon is (that xid, nothing) when the sealer took everything, and just behind the last entry when the batch
  was full. The next seal begins there: between two horizons no entry can be left out, and none can be in two seals.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import structlog

from actions.crashpoints import crash_point
from actions.engine import merkle
from actions.engine.chain import BEGINNING, NOTHING, Link, microseconds, sign, signing_key
from actions.engine.statements import fetch, stream

BATCH = 4_096
"""Entries in one seal at most."""
LONGEST = 1.0
"""Seconds after which one pass leaves the rest to the next: maintain has other chores."""
_LOWEST = -(2**63)
_PAGE = 5_000

log = structlog.get_logger(__name__)


def seal(*, size: int = BATCH, longest: float = LONGEST) -> int:
    """Seal what can be sealed, in batches of `size`, for about `longest` seconds; returns how many entries that were.

    Two sealers at once do no harm: the second one's seal has a number that is taken, and it stops.
    """
    until = time.monotonic() + longest
    total = 0
    while True:
        link = _seal_next(size)
        if link is None:
            return total
        total += link.count
        if link.count < size or time.monotonic() > until:
            return total


def seals(*, after: int = 0) -> Iterator[Link]:
    """All seals above a number, in order, a page at a time."""
    while True:
        rows = fetch("seals", {"after": after, "size": _PAGE})
        for row in rows:
            yield _link(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def entries_of(links: Sequence[Link], start: tuple[int, int], *, most: int) -> Iterator[tuple[int, list[bytes]]]:
    """The entries in the ranges of consecutive links, the first of which begins at `start`: (number, hashed bytes).

    Streamed: PostgreSQL reads on while this process hashes.
    """
    ends = [link.horizon for link in links]
    starts = [start, *ends[:-1]]
    ranges = {
        "numbers": [link.number for link in links],
        "from_xids": [xid for xid, _ in starts],
        "from_ids": [row for _, row in starts],
        "to_xids": [xid for xid, _ in ends],
        "to_ids": [row for _, row in ends],
        "most": most,
    }
    yield from stream("seal_ranges", ranges)


def leaf(entry: bytes) -> bytes:
    """The hash of one entry's bytes."""
    return sha256(entry).digest()


def mark(entry: bytes, hashed: bytes) -> bytes:
    """8 bytes of an entry's id and 8 of its hash: enough to name the one that was changed, not to prove it."""
    return entry[9:17] + hashed[:8]


def _seal_next(size: int) -> Link | None:
    """One more seal; None when nothing is to be sealed, or another process was first."""
    row = fetch("seal_boundary", {"xid": BEGINNING[0], "id": BEGINNING[1], "size": size})[0]
    last = _link(row[:13]) if row[0] is not None else None
    start = last.horizon if last else BEGINNING
    link = _range_after(last, size, *row[13:])
    if link is None:
        return None
    ((_, entries),) = entries_of([link], start, most=size + 1)
    if len(entries) != link.count:
        # Somebody wrote below the horizon between the two looks.
        log.error("sealing_disturbed", counted=link.count, found=len(entries), first=link.first_id, last=link.last_id)
        return None
    key, secret = signing_key()
    leaves = [leaf(entry) for entry in entries]
    link = replace(link, root=merkle.root(leaves), key=key)
    link = replace(link, signature=sign(link, secret))
    stored = fetch("seal", {**asdict(link), "moment": link.moment, "marks": b"".join(map(mark, entries, leaves))})
    crash_point("seal.inserted")
    return link if stored else None


def _range_after(
    last: Link | None,
    size: int,
    count: int,
    first_xid: int,
    first_id: int,
    last_xid: int,
    last_id: int,
    oldest_open: int,
    now: int,
) -> Link | None:
    """The next link, as far as seal_boundary.sql tells it; None when there is nothing to seal."""
    if last and oldest_open < last.horizon_xid:
        # Transaction ids never go back in one cluster: this database was loaded into another one.
        log.error("sealing_stopped", oldest_open=oldest_open, sealed_to=last.horizon_xid, seal=last.number)
        return None
    if not count:
        return None
    horizon_xid, horizon_id = (last_xid, last_id + 1) if count == size else (oldest_open, _LOWEST)
    return Link(
        number=last.number + 1 if last else 1,
        previous=last.digest if last else NOTHING,
        root="",
        first_xid=first_xid,
        first_id=first_id,
        last_xid=last_xid,
        last_id=last_id,
        count=count,
        horizon_xid=horizon_xid,
        horizon_id=horizon_id,
        # A clock set back must not make an honest chain look disordered.
        at=max(now, last.at + 1) if last else now,
        key="",
    )


def _link(row: tuple[Any, ...]) -> Link:
    names = (
        "number", "previous", "root", "first_xid", "first_id", "last_xid", "last_id", "count", "horizon_xid", "horizon_id",
    )  # fmt: skip
    moment, key, signature = row[10:]
    return Link(
        **dict(zip(names, row[:10], strict=True)),
        at=microseconds(moment),
        key=key,
        signature=signature,
    )
