-- Pass over all failures that have been until now.
INSERT INTO actions_alertmark (number, xid, entry)
VALUES (1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, 9223372036854775807)
ON CONFLICT (number) DO UPDATE SET xid = excluded.xid, entry = excluded.entry
