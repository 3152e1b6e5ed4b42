-- Blocked steps behind these whose prerequisites have all ended are due now. Run after skip, so that whoever has a failed
-- prerequisite that it needs is not among them any more. The caller holds the locks of the workflows.
WITH ready AS MATERIALIZED (
  SELECT id
  FROM actions_execution AS step
  WHERE id IN (SELECT dependent_id FROM actions_edge WHERE prerequisite_id = ANY(%(ids)s::uuid[]))
    AND status || '' = 'blocked' AND NOT EXISTS (
    SELECT FROM unnest(step.prerequisites) AS needed (id) JOIN actions_execution AS prerequisite ON prerequisite.id = needed.id
    WHERE prerequisite.status || '' NOT IN ('succeeded', 'failed', 'cancelled', 'skipped'))
), unblocked AS (
  UPDATE actions_execution AS execution
  SET status = 'queued', available_at = now()
  FROM ready
  WHERE execution.id = ready.id AND execution.status || '' = 'blocked'
  RETURNING execution.id, action_id, queue, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.unblocked', 'system', 'platform', 'doplatform', id, action_id, attempt, '',
    '{"before": "blocked", "after": "queued"}'
  FROM unblocked
)
SELECT DISTINCT queue FROM unblocked
