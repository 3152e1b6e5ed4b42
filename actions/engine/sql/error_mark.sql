-- How the mark of the groups of failures stands: no row, where it is gone; true, where it names a transaction that this cluster has not
-- begun yet, so that the database was loaded into another one.
SELECT xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM actions_errormark
