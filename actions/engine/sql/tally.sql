-- Count the next %(size)s entries of the audit into the tallies and move the mark behind them, in one statement.
--
-- Entries with an xid below pg_snapshot_xmin can neither appear nor vanish any more (seal_boundary.sql), so each is counted
-- once. The mark's row is locked: of two that count at once, the second begins where the first has ended.
--
-- After a restore into another cluster (mark_state.sql), %(bound)s takes in what came with it and was not counted before.
WITH mark AS MATERIALIZED (
  SELECT xid, entry, settled FROM actions_tallymark WHERE number = 1 FOR UPDATE
), batch AS MATERIALIZED (
  SELECT xid, id, at, verb, action
  FROM actions_auditentry
  WHERE (xid, id) >= ((SELECT xid FROM mark), (SELECT entry FROM mark))
    AND id > (SELECT settled FROM mark)
    AND xid < coalesce(%(bound)s::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
  ORDER BY xid, id
  LIMIT %(size)s
), added AS (
  INSERT INTO actions_tally AS tally (span, at, action, accepted, succeeded, failed, retrying, in_doubt)
  SELECT span, date_bin(make_interval(secs => span), at, 'epoch'), action,
    count(*) FILTER (WHERE verb = 'execution.accepted'), count(*) FILTER (WHERE verb = 'execution.succeeded'),
    count(*) FILTER (WHERE verb = 'execution.failed'), count(*) FILTER (WHERE verb = 'execution.retrying'),
    count(*) FILTER (WHERE verb = 'execution.in_doubt')
  FROM batch CROSS JOIN (VALUES (60), (3600)) AS wanted (span)
  WHERE verb IN ('execution.accepted', 'execution.succeeded', 'execution.failed', 'execution.retrying', 'execution.in_doubt')
    AND (span = 3600 OR at >= now() - make_interval(days => %(days)s))
  GROUP BY 1, 2, 3
  ON CONFLICT (span, at, action) DO UPDATE
  SET accepted = tally.accepted + excluded.accepted, succeeded = tally.succeeded + excluded.succeeded,
    failed = tally.failed + excluded.failed, retrying = tally.retrying + excluded.retrying,
    in_doubt = tally.in_doubt + excluded.in_doubt
), moved AS (
  UPDATE actions_tallymark SET xid = last.xid, entry = last.id + 1
  FROM (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS last
  WHERE number = 1
), gone AS (
  DELETE FROM actions_tally WHERE span = 60 AND at < now() - make_interval(days => %(days)s)
)
SELECT count(*) FROM batch
