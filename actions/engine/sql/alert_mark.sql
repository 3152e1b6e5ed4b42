-- How far was looked, and when; locked, so that of two that look the second begins where the first has ended. The last value says
-- that the mark names a transaction which this cluster has not begun: the database was loaded into another one.
SELECT looked_at, now(), xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
FROM actions_alertmark WHERE number = 1 FOR UPDATE
