-- The next entries to seal: how many, the first and the last, and the oldest transaction that is still open.
--
-- Whatever has an xid below pg_snapshot_xmin has ended, and this statement's snapshot sees all that it wrote: such rows
-- can neither appear nor vanish any more. An open transaction's entries have its xid, at or above that line.
WITH batch AS MATERIALIZED (
  SELECT xid, id
  FROM actions_auditentry
  WHERE (xid, id) >= (%(xid)s, %(id)s) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  ORDER BY xid, id
  LIMIT %(size)s
)
SELECT
  (SELECT count(*) FROM batch),
  first.xid, first.id, last.xid, last.id,
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM (SELECT) AS always
LEFT JOIN (SELECT xid, id FROM batch ORDER BY xid, id LIMIT 1) AS first ON true
LEFT JOIN (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS last ON true
