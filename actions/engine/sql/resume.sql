-- Workflows among these that wait for steps which have all ended go on. The newest of the awaited ones is looked at first,
-- which is nearly always the one that has not ended. The caller holds their locks.
WITH ready AS MATERIALIZED (
  SELECT id
  FROM actions_execution AS workflow
  WHERE id = ANY(%(ids)s::uuid[]) AND status || '' = 'waiting' AND awaits IS NOT NULL AND NOT EXISTS (
    SELECT FROM unnest(workflow.awaits) AS awaited (id) JOIN actions_execution AS step ON step.id = awaited.id
    WHERE step.status || '' NOT IN ('succeeded', 'failed', 'cancelled', 'skipped'))
), resumed AS (
  UPDATE actions_execution AS execution
  SET status = 'queued', available_at = now(), awaits = NULL, awaited_event = NULL, wake_at = NULL
  FROM ready
  WHERE execution.id = ready.id AND execution.status || '' = 'waiting'
  RETURNING execution.id, action_id, queue, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.resumed', 'system', 'platform', 'doplatform', id, action_id, attempt, '',
    '{"before": "waiting", "after": "queued", "because": "steps"}'
  FROM resumed
)
SELECT DISTINCT queue FROM resumed
