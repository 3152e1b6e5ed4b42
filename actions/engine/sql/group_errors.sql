-- Count the failures behind the mark and move the mark, in one statement. What has an xid below pg_snapshot_xmin has ended:
-- such entries can neither appear nor vanish any more. The verbs are those of the index audit_failures. %(bound)s as in tally.sql.
WITH mark AS MATERIALIZED (
  SELECT id, xid, entry, settled FROM actions_errormark FOR UPDATE
), batch AS MATERIALIZED (
  SELECT audit.xid, audit.id, audit.execution_id, audit.attempt, audit.action, audit.at
  FROM actions_auditentry AS audit
  WHERE (audit.xid, audit.id) > ((SELECT xid FROM mark), (SELECT entry FROM mark))
    AND audit.id > (SELECT settled FROM mark)
    AND audit.xid < coalesce(%(bound)s::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
    AND audit.verb IN ('execution.failed', 'execution.retrying', 'execution.in_doubt', 'execution.rescued')
  ORDER BY audit.xid, audit.id
  LIMIT %(size)s
), failure AS MATERIALIZED (
  SELECT actions_error_group(batch.action, attempt.error) AS fingerprint, batch.action, batch.at, batch.id, attempt.error
  FROM batch JOIN actions_attempt AS attempt ON attempt.execution_id = batch.execution_id AND attempt.number = batch.attempt
  WHERE attempt.error IS NOT NULL AND attempt.outcome IN ('failed', 'timed_out', 'lost', 'in_doubt')
), stored AS (
  INSERT INTO actions_errorgroup AS known (
    fingerprint, action, code, error_class, place, message, count, first_seen_at, last_seen_at)
  SELECT fingerprint, min(action), left(min(error->>'code'), 100), left(min(error->>'class'), 255),
    left(coalesce(min(error->>'place'), ''), 500), (array_agg(coalesce(error->>'message', '') ORDER BY at DESC, id DESC))[1],
    count(*), min(at), max(at)
  FROM failure
  GROUP BY fingerprint
  ON CONFLICT (fingerprint) DO UPDATE
  SET count = known.count + excluded.count, message = excluded.message,
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)
), tallied AS (
  INSERT INTO actions_errortally AS known (fingerprint, hour, count)
  SELECT fingerprint, date_trunc('hour', at, 'UTC'), count(*) FROM failure GROUP BY 1, 2
  ON CONFLICT (fingerprint, hour) DO UPDATE SET count = known.count + excluded.count
), moved AS (
  UPDATE actions_errormark SET xid = last.xid, entry = last.id
  FROM (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS last
)
SELECT count(*) FROM batch
