"""How far the audit is sealed: for pages and doctor."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_LAG = """
SELECT seal.number, seal.at, seal.count, oldest.at,
  coalesce(greatest(0, extract(epoch FROM clock_timestamp() - oldest.at)), 0)::float8,
  coalesce(oldest.xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint, false)
FROM (SELECT) AS always
LEFT JOIN (SELECT * FROM actions_seal ORDER BY number DESC LIMIT 1) AS seal ON true
LEFT JOIN LATERAL (
  SELECT at, xid
  FROM actions_auditentry
  WHERE (xid, id) >= (coalesce(seal.horizon_xid, -9223372036854775808), coalesce(seal.horizon_id, -9223372036854775808))
  ORDER BY xid, id
  LIMIT 1
) AS oldest ON true
"""
# Horizons rise with the numbers, which have no gaps: so the seal is found by halving, in a chain of any length.
_HOLDING = """
WITH RECURSIVE entry AS (SELECT xid, id FROM actions_auditentry WHERE id = %(id)s),
halving (low, high) AS (
  SELECT 1::bigint, (SELECT coalesce(max(number), 0) + 1 FROM actions_seal)
  UNION ALL
  SELECT CASE WHEN middle.before THEN middle.number + 1 ELSE low END, CASE WHEN middle.before THEN high ELSE middle.number END
  FROM halving CROSS JOIN LATERAL (
    SELECT seal.number, (seal.horizon_xid, seal.horizon_id) <= (entry.xid, entry.id) AS before
    FROM actions_seal AS seal, entry WHERE seal.number = (low + high) / 2) AS middle
  WHERE low < high
)
SELECT seal.number, seal.at, seal.count, seal.root, seal.key, entry.xid
FROM entry LEFT JOIN actions_seal AS seal ON seal.number = (SELECT max(low) FROM halving)
"""


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is sealed and what waits."""

    seal: int | None
    """Number of the last seal; None before the first."""
    sealed_at: datetime | None
    """When it was made."""
    count: int | None
    """How many entries it holds."""
    unsealed_at: datetime | None
    """Time of the oldest entry that is not sealed; None when all are."""
    lag: float
    """Age of that entry in seconds, 0 when there is none."""
    held: bool
    """Whether it waits for an older transaction that is still open, not for the sealer."""


def sealing() -> Sealing:
    """The state of the sealing now, by two index look-ups."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG)
        return Sealing(*cursor.fetchone())


@dataclass(frozen=True, slots=True)
class Holding:
    """The seal that holds an entry."""

    number: int | None
    """None while no seal holds it."""
    at: datetime | None
    count: int | None
    """How many entries it holds."""
    root: str | None
    key: str | None
    """Id of the key that signed it."""
    xid: int
    """The transaction that wrote the entry."""


def holding(entry: int) -> Holding | None:
    """What holds the entry of that id; None where there is no such entry."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, {"id": entry})
        row = cursor.fetchone()
    return Holding(*row) if row else None
