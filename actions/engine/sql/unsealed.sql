-- The first entry behind the horizon that could have been sealed and is older than the lag, and the first one whose
-- transaction id no transaction has been given yet.
SELECT
  (SELECT id FROM actions_auditentry
   WHERE (xid, id) >= (%(xid)s, %(id)s) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
     AND at < clock_timestamp() - make_interval(secs => %(lag)s)
   ORDER BY xid, id LIMIT 1),
  (SELECT id FROM actions_auditentry
   WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
     AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint
   ORDER BY xid, id LIMIT 1)
