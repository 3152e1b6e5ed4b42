-- Cancel steps whose workflow is cancelled, as cancel does for one: at once where nothing is lost by it, by asking where a
-- handler with outside effects is at work. What is in doubt stays
-- so, and is not run again if it turns out that it did not happen.
WITH target AS MATERIALIZED (
  SELECT execution.id, execution.status AS before, coalesce(action.effects, 'external') = 'database' AS fenced
  FROM actions_execution AS execution LEFT JOIN actions_action AS action ON action.name = execution.action_id
  WHERE execution.id = ANY(%(ids)s::uuid[])
), cancelled AS (
  UPDATE actions_execution AS execution
  SET status = 'cancelled', error = NULL, worker_id = NULL, cancel_requested_at = NULL, awaits = NULL, awaited_event = NULL,
    wake_at = NULL, finished_at = clock_timestamp()
  FROM target
  WHERE execution.id = target.id AND (
    execution.status || '' IN ('blocked', 'queued', 'retrying', 'waiting') OR target.fenced AND execution.status || '' = 'running')
  RETURNING execution.id, action_id, execution.attempt, target.before
), attempts AS (
  UPDATE actions_attempt AS attempt SET outcome = 'cancelled', finished_at = clock_timestamp()
  FROM cancelled
  WHERE attempt.execution_id = cancelled.id AND attempt.number = cancelled.attempt AND attempt.outcome IS NULL
), asked AS (
  UPDATE actions_execution AS execution
  SET cancel_requested_at = now()
  FROM target
  WHERE execution.id = target.id AND cancel_requested_at IS NULL
    AND (NOT target.fenced AND execution.status || '' = 'running' OR execution.status || '' = 'in_doubt')
  RETURNING execution.id, action_id, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.cancelled', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    jsonb_build_object('before', before, 'after', 'cancelled') || coalesce(%(marks)s::jsonb, '{}')
  FROM cancelled
  UNION ALL
  SELECT 'execution.cancel_requested', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    %(marks)s::jsonb
  FROM asked
)
SELECT id FROM cancelled
