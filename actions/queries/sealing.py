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
