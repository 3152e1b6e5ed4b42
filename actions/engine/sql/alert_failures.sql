-- Failures for good and doubts behind the mark, counted by action, queue and tags; the mark moves behind them. As group_errors.sql:
-- what has an xid below pg_snapshot_xmin has ended, and the verbs are those of the index audit_failures. What is older than
-- %(bound)s came with a restore.
WITH mark AS MATERIALIZED (
  SELECT xid, entry FROM actions_alertmark WHERE number = 1
), batch AS MATERIALIZED (
  SELECT audit.xid, audit.id, audit.execution_id, audit.action, audit.at,
    CASE audit.verb WHEN 'execution.rescued' THEN audit.data->>'after' ELSE substr(audit.verb, 11) END AS status
  FROM actions_auditentry AS audit
  WHERE (audit.xid, audit.id) > ((SELECT xid FROM mark), (SELECT entry FROM mark))
    AND audit.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    AND audit.verb IN ('execution.failed', 'execution.retrying', 'execution.in_doubt', 'execution.rescued')
  ORDER BY audit.xid, audit.id
  LIMIT %(size)s
), counted AS (
  SELECT batch.action, execution.queue, execution.tags, count(*) FILTER (WHERE batch.status = 'failed') AS failed,
    count(*) FILTER (WHERE batch.status = 'in_doubt') AS in_doubt, min(batch.at) AS first, max(batch.at) AS last,
    (array_agg(execution.error ORDER BY batch.at DESC, batch.id DESC) FILTER (WHERE execution.error IS NOT NULL))[1] AS error
  FROM batch LEFT JOIN actions_execution AS execution ON execution.id = batch.execution_id
  WHERE batch.status IN ('failed', 'in_doubt') AND batch.action <> %(carrier)s AND batch.at >= %(bound)s
  GROUP BY batch.action, execution.queue, execution.tags
), moved AS (
  UPDATE actions_alertmark SET xid = last.xid, entry = last.id
  FROM (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS last
  WHERE number = 1
)
SELECT whole.number, action, queue, tags, failed, in_doubt, first, last, error->>'class', error->>'code', error->>'message'
FROM (SELECT count(*) AS number FROM batch) AS whole LEFT JOIN counted ON true
