-- The newest seal, and what comes after it: how many entries, the first and the last of them, the oldest transaction that
-- is still open, and the time. One statement, because this is all that an idle system is asked.
--
-- Whatever has an xid below pg_snapshot_xmin has ended, and this statement's snapshot sees all that it wrote: such rows
-- can neither appear nor vanish any more. An open transaction's entries have its xid, at or above that line.
WITH newest AS MATERIALIZED (
  SELECT number, previous, root, first_xid, first_id, last_xid, last_id, count, horizon_xid, horizon_id, at, key, signature
  FROM actions_seal
  ORDER BY number DESC
  LIMIT 1
), batch AS MATERIALIZED (
  SELECT xid, id
  FROM actions_auditentry
  WHERE (xid, id) >= (
      coalesce((SELECT horizon_xid FROM newest), %(xid)s), coalesce((SELECT horizon_id FROM newest), %(id)s))
    AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  ORDER BY xid, id
  LIMIT %(size)s
)
SELECT newest.*, (SELECT count(*) FROM batch), first.xid, first.id, last.xid, last.id,
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM (SELECT) AS always
LEFT JOIN newest ON true
LEFT JOIN (SELECT xid, id FROM batch ORDER BY xid, id LIMIT 1) AS first ON true
LEFT JOIN (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS last ON true
