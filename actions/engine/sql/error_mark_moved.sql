-- All that came with a restore is counted: begin again with this cluster's first transaction, and never count what came. That is
-- told by its number: entries here are numbered on behind it, whatever transaction writes them.
UPDATE actions_errormark SET xid = 0, entry = 0, settled = greatest(settled, coalesce((
  SELECT id FROM actions_auditentry
  WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  ORDER BY id DESC LIMIT 1), 0))
WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
